import { randomBytes } from "node:crypto";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { runServer } from "verdaccio";

// A company's package registry: a real Verdaccio, without uplinks, with one account. It knows nothing of Remit.

const { values } = parseArgs({ options: { data: { type: "string" } } });
const data = resolve(values.data ?? ".");
mkdirSync(data, { recursive: true, mode: 0o700 });
const rights = { access: "$authenticated", publish: "$authenticated", unpublish: "$authenticated" };
const config = {
  storage: join(data, "storage"),
  self_path: join(data, "config.yaml"),
  auth: { htpasswd: { file: join(data, "htpasswd"), max_users: 1 } },
  uplinks: {},
  packages: { "@*/*": rights, "**": rights },
  web: { enable: false },
  max_body_size: "20mb",
  log: { type: "file", path: join(data, "verdaccio.log"), format: "json", level: "warn" },
};

// what verdaccio's types call a server is node's own
const server = await runServer(config as unknown as string);
server.on("request", ({ method, url }: { readonly method?: string; readonly url?: string }) =>
  appendFileSync(join(data, "received.log"), `${method} ${url}\n`),
);
server.listen(0, "127.0.0.1");
await once(server, "listening");
const address: unknown = server.address();
const registry = `http://127.0.0.1:${typeof address === "object" && address !== null && "port" in address ? String(address.port) : ""}`;

const account = await fetch(`${registry}/-/user/org.couchdb.user:ci`, {
  method: "PUT",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ name: "ci", password: randomBytes(18).toString("base64url") }),
});
const { token }: { readonly token?: unknown } = Object(await account.json());
if (typeof token !== "string") throw new Error(`the registry gives no token: ${account.status}`);
writeFileSync(join(data, "token"), token, { mode: 0o600 });
process.stdout.write(`${JSON.stringify({ registry, data, pid: process.pid })}\n`);
process.on("SIGTERM", () => process.exit(0));
