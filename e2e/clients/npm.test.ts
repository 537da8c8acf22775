import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { npmWorld, type NpmWorld } from "./npm-world.ts";

const [SCOPED, FORGED] = ["@acme/thing", "@acme/forged"];
const forger = fileURLToPath(new URL("npm-forger.ts", import.meta.url));

let npm: NpmWorld;
before(async () => (npm = await npmWorld()));
after(async () => npm[Symbol.asyncDispose]());

/** Commands of npm that would do something else, and the request of each that is refused. */
const OTHER: readonly (readonly [command: string, refused: string])[] = [
  ["cd ../later && npm publish --tag next", "PUT /@acme%2fthing"],
  ["npm publish", "PUT /@acme%2fthing"],
  ["npm publish --tag next --access public", "PUT /@acme%2fthing"],
  ["cd ../plain && npm publish --tag next", "PUT /thing"],
  [`npm deprecate ${SCOPED}@1.0.0 old`, "GET /@acme%2fthing"],
  [`npm unpublish ${SCOPED}@1.0.0 --force`, "GET /@acme%2fthing"],
  [`npm dist-tag add ${SCOPED}@1.0.0 next`, "GET /-/package/@acme%2fthing/dist-tags"],
  [`npm owner add eve ${SCOPED}`, "GET /-/user/org.couchdb.user:eve"],
  [`npm access set status=private ${SCOPED}`, "POST /-/package/@acme%2fthing/access"],
  ["npm token list", "GET /-/npm/v1/tokens"],
  [`npm star ${SCOPED}`, "GET /-/whoami"],
  [`npm view ${FORGED}`, "GET /@acme%2fforged"],
];

test("[npm.publish-nothing-else] under a grant of one version and tag npm publishes no other version, tag or package, and neither deprecates, unpublishes, tags nor names owners or tokens", async () => {
  const release = npm.author("release", { name: SCOPED, version: "1.2.3" });
  npm.author("later", { name: SCOPED, version: "1.2.4" });
  npm.author("plain", { name: "thing", version: "1.2.3" });
  const [before, received] = [await npm.packument(SCOPED), npm.writes().length];
  const lines = OTHER.map(([command], at) => `(${command}); echo "${at} ended $?"`);
  const tried = await npm.under("scoped", SCOPED, release, lines.join("\n"));
  const refused = /refused \((.*)\)/.exec(tried.stderr)?.[1]?.split(", ") ?? [];
  for (const [at, [command, request]] of OTHER.entries()) {
    assert.match(tried.stdout, new RegExp(`^${at} ended [1-9]`, "m"), `${command}: ${tried.stderr}`);
    assert.ok(refused.includes(request), `${command}: ${refused.join(", ")}`);
  }
  assert.deepEqual(npm.writes().slice(received), [], "no write reached the registry");
  assert.deepEqual(await npm.packument(SCOPED), before);
});

test("[npm.publish-what-is-said] a publication that says anything else than its tarball, or more than one version and tag, is refused; the same without a lie is published", async () => {
  const node = [process.execPath, ...process.execArgv, forger, FORGED, "1.2.3", "next"];
  const received = npm.writes().length;
  const forged = await npm.under("forged", FORGED, npm.world.folder, node.map((word) => `'${word}'`).join(" "));
  const told = forged.stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { what: string; code: string });
  const others = told.filter(({ code }) => code !== "body_refused");
  assert.deepEqual(others, [{ what: "nothing forged", code: "ok" }], forged.stderr);
  assert.equal(told.length, 13);
  assert.deepEqual(npm.writes().slice(received), ["PUT /@acme%2fforged"]);
  const { versions } = await npm.packument(FORGED);
  assert.deepEqual(Object.keys(versions), ["1.0.0", "1.2.3"]);
  assert.match(JSON.stringify(versions["1.2.3"]?.["dist"]), /"tarball":"http:\/\/127\.0\.0\.1:/);
});

test("[npm.publish-one] the real npm publishes a version under its tag through a gateway, also of an unscoped package, and installs it; its configuration is gone afterwards", async () => {
  const scripts = { test: "true" };
  for (const [policy, name] of [
    ["scoped", SCOPED],
    ["plain", "thing"],
  ] as const) {
    const release = npm.author(`release-${policy}`, { name, version: "1.2.3", bin: { thing: "index.js" }, scripts });
    const published = await npm.under(policy, name, release, "npm publish --tag next");
    assert.equal(published.code, 0, published.stderr);
    assert.match(published.stdout, /\+ (?:@acme\/)?thing@1\.2\.3/);
    const { versions, "dist-tags": tags } = await npm.packument(name);
    assert.deepEqual(Object.keys(versions), ["1.0.0", "1.2.3"]);
    assert.deepEqual(tags, { latest: "1.0.0", next: "1.2.3" });
    assert.deepEqual(versions["1.2.3"]?.["bin"], { thing: "index.js" });
  }
  const again = await npm.under(
    "plain",
    "thing",
    npm.author("again", { name: "thing", version: "1.2.3" }),
    "npm publish --tag next",
  );
  assert.notEqual(again.code, 0);
  assert.match(again.stderr, /cannot publish over the previously published versions/i);
  const user = npm.author("user", { name: "user", version: "1.0.0" });
  const installed = await npm.under(
    "scoped",
    SCOPED,
    user,
    `npm install ${SCOPED}@next && cat "$NPM_CONFIG_USERCONFIG" && env`,
  );
  assert.equal(installed.code, 0, installed.stderr);
  const own = JSON.parse(readFileSync(join(user, "node_modules", SCOPED, "package.json"), "utf8")) as object;
  assert.deepEqual(own, { name: SCOPED, version: "1.2.3", bin: { thing: "index.js" }, scripts });
  assert.match(installed.stdout, /^registry=http:\/\/127\.0\.0\.1:\d+\/\n\/\/127\.0\.0\.1:\d+\/:_authToken=rmt_run_/m);
  assert.equal(installed.stdout.includes(npm.token), false, "the account's token is nowhere");
  const file = /^NPM_CONFIG_USERCONFIG=(.*)$/m.exec(installed.stdout)?.[1] ?? "";
  assert.notEqual(file, "");
  assert.equal(existsSync(file), false, "the configuration of the run is gone");
});
