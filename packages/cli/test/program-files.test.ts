import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { dirname } from "node:path";
import { test } from "node:test";
import { openEndpoint } from "../src/run/endpoint.ts";
import { writeProgramFiles } from "../src/run/program-files.ts";

const VALUES = { base_url: "http://127.0.0.1:4873", host: "127.0.0.1:4873", credential: "a$&phantom" };

test("[cli.run-files] a program that is configured by a file gets one of its own, which only its user can read and which is gone after the run", () => {
  const lines = ["registry={base_url}/", "//{host}/:_authToken={credential}"];
  const files = writeProgramFiles({ NPM_CONFIG_USERCONFIG: lines, OTHER: [] }, VALUES);
  const { NPM_CONFIG_USERCONFIG: file = "", OTHER: other = "" } = files.variables;
  assert.equal(
    readFileSync(file, "utf8"),
    "registry=http://127.0.0.1:4873/\n//127.0.0.1:4873/:_authToken=a$&phantom\n",
  );
  assert.equal(readFileSync(other, "utf8"), "");
  if (process.platform !== "win32") {
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(dirname(file)).mode & 0o777, 0o700);
  }
  files[Symbol.dispose]();
  assert.equal(existsSync(dirname(file)), false);
  assert.throws(() => writeProgramFiles({ "NO/SUCH/FOLDER": [] }, VALUES), { code: "ENOENT" });
  assert.deepEqual(writeProgramFiles({}, VALUES).variables, {});
});

test("[cli.run-endpoint] the endpoint of a run takes bodies up to the connector's bound, and links to the gateway lead to it", async (t) => {
  const got: number[] = [];
  const gateway = createServer((request, response) => {
    let size = 0;
    request.on("data", (chunk: Buffer) => (size += chunk.length));
    request.on("end", () => {
      got.push(size);
      const [type = "", text = ""] = request.url?.endsWith("/text") === true ? ["text/plain"] : ["application/json"];
      const { host } = request.headers;
      response.writeHead(200, { "content-type": type });
      response.end(text + JSON.stringify({ one: `http://${host}/r/npm/x`, other: `http://${host}/r/npm-2/x` }));
    });
  });
  gateway.listen(0, "127.0.0.1");
  await once(gateway, "listening");
  t.after(() => gateway.close());
  const address = gateway.address();
  const origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  const resource = `${origin}/r/npm`;
  await using endpoint = await openEndpoint(
    resource,
    { fetch: async (url, init) => fetch(url, init as RequestInit) },
    2_000_000,
  );
  const headers = { authorization: `Bearer ${endpoint.phantom.reveal()}`, "content-type": "application/json" };
  const put = async (bytes: number, path = "/a%2fb"): Promise<Response> =>
    fetch(`${endpoint.url}${path}`, { method: "PUT", headers, body: "x".repeat(bytes) });
  const json = await put(2_000_000);
  assert.deepEqual(await json.json(), { one: `${endpoint.url}/x`, other: `${origin}/r/npm-2/x` });
  assert.deepEqual(await (await put(1, "/text")).json(), { one: `${resource}/x`, other: `${origin}/r/npm-2/x` });
  assert.equal((await put(2_000_001)).status, 413);
  assert.deepEqual(got, [2_000_000, 1]);
});
