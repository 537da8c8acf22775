import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

/** One request for a token. */
export interface Asked {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly form: URLSearchParams;
}

/** A token endpoint that spends each refresh token, and knows which access tokens are good. */
export interface TokenServer {
  readonly url: string;
  readonly asked: Asked[];
  /** Access tokens that the upstream would take. */
  readonly good: Set<string>;
  /** Every secret that was ever given out. */
  readonly given: string[];
  /** The refresh token that is taken next. */
  refresh: string;
  /** What a token answer says besides its token. */
  more: Readonly<Record<string, unknown>>;
  /** Answers itself and says true, or leaves it to the endpoint. */
  answer: (asked: Asked, response: ServerResponse) => boolean | Promise<boolean>;
}

const fresh = (name: string): string => `${name}-${randomBytes(18).toString("base64url")}`;

export async function openTokenServer(t: TestContext): Promise<TokenServer> {
  const tokens: TokenServer = {
    ...{ url: "", asked: [], good: new Set(), given: [], refresh: fresh("refresh"), more: { expires_in: 3_600 } },
    answer: () => false,
  };
  tokens.given.push(tokens.refresh);
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => void chunks.push(chunk));
    request.on("end", () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      const asked = { path: request.url ?? "", headers: request.headers, form };
      tokens.asked.push(asked);
      void Promise.resolve(tokens.answer(asked, response)).then((done) => done || grant(tokens, asked, response));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  // a TCP listener's address is an object
  return Object.assign(tokens, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/oauth2/token` });
}

/** RFC 6749 6, with a refresh token that is spent by its use. */
function grant(tokens: TokenServer, { form }: Asked, response: ServerResponse): true {
  const isRefresh = form.get("grant_type") === "refresh_token";
  if (isRefresh && form.get("refresh_token") !== tokens.refresh)
    return tell(response, 400, { error: "invalid_grant", error_description: "that token was spent" });
  const [access, refresh] = [fresh("access"), fresh("refresh")];
  tokens.good.clear();
  tokens.good.add(access);
  tokens.given.push(access);
  if (isRefresh) tokens.given.push((tokens.refresh = refresh));
  const rotated = isRefresh ? { refresh_token: refresh } : {};
  return tell(response, 200, { access_token: access, token_type: "Bearer", ...rotated, ...tokens.more });
}

export function tell(response: ServerResponse, status: number, body: unknown): true {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  return true;
}

/** A folder with the shipped connector that takes its credential in these forms too. */
export function connectorsTaking(t: TestContext, ...forms: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "remit-connectors-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "jira.yaml");
  cpSync(fileURLToPath(new URL("../../../../connectors/jira.yaml", import.meta.url)), file);
  const text = readFileSync(file, "utf8").replace(/^inject: .*$/m, `inject: [basic, bearer, ${forms.join(", ")}]`);
  writeFileSync(file, text);
  return folder;
}
