import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { remit } from "@remit/testkit";
import { testWorld } from "./world.ts";

/** Spellings in which the canary might lie somewhere. */
const spellings = (secret: string): readonly Buffer[] =>
  [
    secret,
    [...secret].reverse().join(""),
    Buffer.from(secret).toString("hex"),
    encodeURIComponent(secret),
    Buffer.from(secret).toString("base64").slice(0, 30),
    Buffer.from(`svc-jira@acme.example:${secret}`).toString("base64").slice(8, 40),
  ].map((text) => Buffer.from(text));

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const stat = statSync(path);
    return stat.isDirectory() ? filesIn(path) : stat.isFile() ? [path] : [];
  });
}

test("[canary.nowhere] the upstream's credential is in no file, log, answer or environment but the desk's own", async () => {
  await using world = await testWorld();
  const secret = readFileSync(join(world.folder, "desk", "api-key"), "utf8");
  const agent = fileURLToPath(import.meta.resolve("../examples/ticket/src/agent/agent.ts"));
  // the program under `remit run` prints its whole environment, then works as the agent
  const script = `console.log(JSON.stringify(process.env)); await import(${JSON.stringify(agent)});`;
  const ran = await remit(
    [
      "run",
      "--data",
      world.data,
      "--on",
      "jira-acme:PROJ-42",
      "--",
      process.execPath,
      ...process.execArgv,
      "--conditions=@remit/source",
      "--input-type=module",
      "-e",
      script,
    ],
    { env: world.env },
  );
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stdout, /rmt_run_/);
  for (const kind of ["reflect", "reflect-base64", "reflect-reversed"]) {
    await world.control("/__desk/hostile", { kind, times: 1 });
    const answer = await remit(
      ["run", "--data", world.data, "--on", "jira-acme:PROJ-42", "--", process.execPath, ...process.execArgv, agent],
      { env: world.env },
    );
    assert.ok(!answer.stdout.includes(secret), kind);
  }
  const own = join(world.folder, "desk");
  const places = [
    ...filesIn(world.folder)
      .filter((file) => !file.startsWith(own))
      .map((file) => ({ name: file, bytes: readFileSync(file) })),
    { name: "what the agent saw", bytes: Buffer.from(ran.stdout + ran.stderr) },
  ];
  for (const pid of Object.values(world.remit.pids))
    places.push(
      { name: `environment of ${pid}`, bytes: readFileSync(`/proc/${pid}/environ`) },
      { name: `arguments of ${pid}`, bytes: readFileSync(`/proc/${pid}/cmdline`) },
    );
  assert.ok(places.some(({ name }) => name.endsWith("gateway.db")));
  assert.ok(places.some(({ name }) => name.endsWith("broker.db")));
  const found = places.flatMap(({ name, bytes }) =>
    spellings(secret).flatMap((spelling) => (bytes.includes(spelling) ? [name] : [])),
  );
  assert.deepEqual(found, []);
});
