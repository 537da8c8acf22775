import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  HOSTILITIES,
  hostileUpstream,
  issueToken,
  logIn,
  startRemit,
  type TestRemit,
  UPSTREAM_USER,
} from "@remit/testkit";
import { findings, type Place, spellingsOf } from "./canary-spellings.ts";

/** Every character class in which two encodings differ. */
const SECRET = String.raw`Canary-7Zq/+9&x%2F~Lw"Q\u0041=?>k3;V~e`;
const ISSUE = "/rest/api/3/issue/PROJ-42";

test("[canary.spellings] the sweep finds a secret in each of its spellings, and nothing where there is none", () => {
  const spellings = spellingsOf(SECRET);
  assert.ok(spellings.length >= 20);
  for (const { name, trace } of spellings) {
    assert.ok(trace.length >= 16, name);
    const place = { name: "planted", bytes: Buffer.concat([Buffer.from("before "), trace, Buffer.from(" after")]) };
    assert.ok(findings(SECRET, [place]).includes(`planted: ${name}`), name);
  }
  for (const user of ["a", "ab", "abc"]) {
    const pair = Buffer.from(`${user}:${SECRET}`);
    for (const encoding of ["base64", "base64url"] as const)
      assert.notDeepEqual(findings(SECRET, [{ name: user, bytes: Buffer.from(pair.toString(encoding)) }]), []);
  }
  assert.deepEqual(
    findings(SECRET, [{ name: "clean", bytes: readFileSync(import.meta.filename).subarray(0, 200) }]),
    [],
  );
});

/** Everything that this process has started, and what that has started in turn. */
function descendants(): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readOr(`/proc/${name}/stat`).toString("latin1");
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")")).split(" ")[2]));
  }
  const isOurs = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent === process.pid || (parent !== undefined && parent > 1 && isOurs(parent));
  };
  return [...parents.keys()].filter(isOurs);
}

/** A process may be gone by the time it is looked at; then it has nothing any more. */
function readOr(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}

const processes = (when: string): readonly Place[] =>
  descendants().flatMap((pid) =>
    ["environ", "cmdline"].map((kind) => ({
      name: `${kind} of ${pid} ${when}: ${readOr(`/proc/${pid}/cmdline`).toString("utf8").replaceAll("\0", " ").slice(-80)}`,
      bytes: readOr(`/proc/${pid}/${kind}`),
    })),
  );

function filesIn(folder: string): readonly Place[] {
  return readdirSync(folder).flatMap((file) => {
    const path = join(folder, file);
    const stat = statSync(path);
    if (stat.isDirectory()) return filesIn(path);
    return stat.isFile() ? [{ name: path, bytes: readFileSync(path) }] : [];
  });
}

/** Looks at all processes over and over while something goes on. */
async function watched<T>(when: string, places: Place[], running: Promise<T>): Promise<T> {
  while (!(await Promise.race([running.then(() => true), turn(false)]))) places.push(...processes(when));
  return running;
}

/** What commands say, in both formats, when they do what they should and when they do not. */
async function commandsOf(remit: TestRemit, task: string, folder: string): Promise<readonly Place[]> {
  const commands = [
    ...[["status"], ["task", "list"], ["task", "show", task], ["audit", "verify"], ["audit", "trace", task]],
    ...[
      ["audit", "export", folder],
      ["audit", "verify", folder],
      ["check", "--config", join(remit.folder, "remit")],
    ],
    ...[["connect", "jira-acme", "--origin", "ftp://nowhere", "--form", "basic", "--username", UPSTREAM_USER]],
    ...[["run", "--on", "jira-acme:NONE-1", "--", "true"], ["task", "end", task], ["no-such-command"]],
  ];
  const places: Place[] = [];
  for (const command of commands)
    for (const format of [[], ["--json"]]) {
      const { stdout, stderr } = await remit.command([...format, ...command], SECRET);
      places.push({ name: `remit ${[...format, ...command].join(" ")}`, bytes: Buffer.from(stdout + stderr) });
    }
  return places;
}

/** What everything that answers says, headers and all. */
async function answersOf(remit: TestRemit, seat: Awaited<ReturnType<typeof logIn>>): Promise<readonly Place[]> {
  const places: Place[] = [];
  const take = async (name: string, response: Response): Promise<void> => {
    const head = [...response.headers].map((line) => line.join(": ")).join("\n");
    places.push({ name, bytes: Buffer.from(`${head}\n${await response.text()}`) });
  };
  const { pathname } = new URL(remit.issuer);
  for (const path of ["/readyz", "/healthz", "/r/jira-acme/x", "/.well-known/oauth-protected-resource/r/jira-acme"])
    await take(`gateway ${path}`, await fetch(remit.gatewayUrl + path));
  for (const path of ["/readyz", "/openapi.json", `/.well-known/oauth-authorization-server${pathname}`])
    await take(`broker ${path}`, await fetch(remit.brokerUrl + path));
  for (const path of ["status", "resources", "policies", "points", "tasks", "log/records?from=0&limit=5000"] as const)
    await take(`broker /admin/${path}`, await seat.agent.admin(seat.session, `/admin/${path}`));
  return places;
}

test("[canary.nowhere] the upstream's credential is in no file, log, answer, output, environment or command line but the upstream's own", async () => {
  const temp = mkdtempSync(join(tmpdir(), "remit-canary-"));
  const before = process.env["TMPDIR"];
  // whatever any process writes for a while lies here too
  process.env["TMPDIR"] = temp;
  try {
    await sweep(temp);
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    rmSync(temp, { recursive: true, force: true });
  }
});

async function sweep(temp: string): Promise<void> {
  await using remit = await startRemit();
  await using upstream = await hostileUpstream();
  const places: Place[] = [];
  await watched("while connecting", places, remit.connect({ origin: upstream.origin, secret: SECRET }));
  assert.ok(
    places.some(({ bytes }) => bytes.includes("connect\0jira-acme")),
    "the command itself was looked at",
  );
  await remit.serving();
  const seat = await logIn(remit);

  // the unmodified client under `remit run`, which prints its whole environment, held while everything is looked at
  const agent = fileURLToPath(import.meta.resolve("../examples/ticket/src/agent/agent.ts"));
  const script = `console.log(JSON.stringify(process.env)); await import(${JSON.stringify(agent)});`;
  const program = [process.execPath, "--conditions=@remit/source", "--input-type=module", "-e", script];
  const hold = upstream.hold(({ method }) => method === "PUT");
  const running = remit.command(["run", "--on", "jira-acme:PROJ-42", "--", ...program]);
  await hold.arrived();
  const [now, files] = [processes("within a run"), filesIn(temp)];
  for (const part of ["broker/src/main.ts", "gateway/src/main.ts", "run --on", "--input-type=module"])
    assert.ok(
      now.some(({ bytes }) => bytes.toString("utf8").replaceAll("\0", " ").includes(part)),
      part,
    );
  hold.release();
  const ran = await running;
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stdout, /rmt_run_/);
  places.push(...now, ...files, { name: "what the agent saw", bytes: Buffer.from(ran.stdout + ran.stderr) });

  // an upstream that says it back, in every way it knows, to a read and to a write
  const issued = await issueToken(remit);
  const init = { headers: { "content-type": "application/json" }, body: '{"fields":{"priority":{"name":"High"}}}' };
  for (const kind of HOSTILITIES)
    for (const request of [{}, { method: "PUT", ...init }]) {
      upstream.misbehave(kind, 1);
      const response = await issued.agent.fetch(issued.held.resource + ISSUE, request);
      const head = [...response.headers].map((line) => line.join(": ")).join("\n");
      places.push({ name: `answer to ${kind}`, bytes: Buffer.from(`${head}\n${await response.text()}`) });
    }
  // fault and restart are moments at which programs like to print what they hold
  await remit.gateway.kill("SIGABRT");
  await remit.gateway.restart();
  await remit.serving();
  places.push(...(await answersOf(remit, seat)));
  places.push(...(await commandsOf(remit, issued.held.task, join(temp, "exported"))));
  places.push(...filesIn(temp), ...processes("at the end"));

  for (const file of [
    "gateway.db",
    "broker.db",
    "gateway.log",
    "broker.log",
    "seal.key",
    "0.ndjson",
    "1.ndjson",
    ".yaml",
  ])
    assert.ok(
      places.some(({ name }) => name.endsWith(file)),
      file,
    );
  assert.notDeepEqual(findings(SECRET, [{ name: "upstream", bytes: upstream.bytes() }]), [], "the canary was used");
  assert.deepEqual(findings(SECRET, places), []);
}
