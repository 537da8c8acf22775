import { createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** Claims, or header members; `undefined` leaves one out. */
export type Members = Readonly<Record<string, unknown>>;

/** How a token is made that is not quite as it should be. */
export interface Spoilt {
  readonly claims?: Members;
  readonly header?: Members;
  /** Signs in another way than the header says. */
  readonly signer?: (input: string) => Uint8Array;
  /** Changes the text of header or payload before it is signed. */
  readonly text?: (json: string) => string;
}

/** An issuer that signs whatever it is asked to: its keys are at its address, as a provider's are. */
export interface TestIssuer extends AsyncDisposable {
  readonly issuer: string;
  readonly signers: Readonly<Record<"ES256" | "RS256" | "PS256" | "HS256", (input: string) => Uint8Array>>;
  idToken(spoilt?: Spoilt): string;
  accessToken(spoilt?: Spoilt): string;
  /** Writes the file that makes a configuration believe this issuer, and a policy for its people. */
  trustIn(config: string): void;
}

/** The audience that access tokens for the broker name. */
export const BROKER_AUDIENCE = "https://remit.example/api";

const base64url = (text: string): string => Buffer.from(text).toString("base64url");

/** A compact JWS of any header and payload. */
export function jwsOf(header: Members, claims: Members, { signer, text }: Spoilt): string {
  const payload = JSON.stringify(claims);
  const input = `${base64url(JSON.stringify(header))}.${base64url(text?.(payload) ?? payload)}`;
  return `${input}.${Buffer.from(signer?.(input) ?? []).toString("base64url")}`;
}

/** Signs as ES256 does. */
export const es256 =
  (key: KeyObject) =>
  (input: string): Uint8Array =>
    sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });

export async function openIssuer(): Promise<TestIssuer> {
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const keys = [
    { ...ec.publicKey.export({ format: "jwk" }), kid: "ec", use: "sig" },
    // without `alg`: a key says by its kind alone what it is for
    { ...rsa.publicKey.export({ format: "jwk" }), kid: "rsa", use: "sig" },
  ];
  const server = createServer((request, response) => {
    const jwks_uri = `${issuer}/jwks`;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(request.url === "/jwks" ? { keys } : { issuer, jwks_uri }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // a TCP listener's address is an object
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const spki = rsa.publicKey.export({ format: "pem", type: "spki" });
  const signers: TestIssuer["signers"] = {
    ES256: es256(ec.privateKey),
    RS256: (input) => sign("sha256", Buffer.from(input), rsa.privateKey),
    PS256: (input) => sign("sha256", Buffer.from(input), { key: rsa.privateKey, padding: 6, saltLength: 32 }),
    HS256: (input) => createHmac("sha256", spki).update(input).digest(),
  };
  const token = (header: Members, own: Members, spoilt: Spoilt): string => {
    const now = Math.floor(Date.now() / 1000);
    const always = { iss: issuer, sub: "erin", groups: ["support"], iat: now, exp: now + 120, jti: randomUUID() };
    const members = { alg: "ES256", kid: "ec", ...header, ...spoilt.header };
    return jwsOf(members, { ...always, ...own, ...spoilt.claims }, { signer: signers.ES256, ...spoilt });
  };
  return {
    issuer,
    signers,
    idToken: (spoilt = {}) => token({}, { aud: "triage-bot" }, spoilt),
    accessToken: (spoilt = {}) =>
      token({ typ: "at+jwt" }, { aud: BROKER_AUDIENCE, client_id: "triage-at-idp" }, spoilt),
    trustIn: (config) => trust(config, issuer),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function trust(config: string, issuer: string): void {
  writeFileSync(
    join(config, "issuers", "partner.yaml"),
    [
      `issuer: ${issuer}`,
      "algorithms: [ES256, RS256]",
      "insecure_loopback_http: true",
      "id_token: { audiences: { triage-bot: triage-bot } }",
      `access_token: { audience: "${BROKER_AUDIENCE}", clients: { triage-at-idp: triage-bot } }`,
      "",
    ].join("\n"),
  );
  const bot = readFileSync(join(config, "policies", "bot.yaml"), "utf8");
  const own = bot.replace("policy: bot", "policy: partner").replace("issuer: login", "issuer: partner");
  writeFileSync(join(config, "policies", "partner.yaml"), own);
}
