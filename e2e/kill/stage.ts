import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LogRecord, recordLine } from "@remit/core";
import { RemitError } from "@remit/sdk";
import {
  type HostileUpstream,
  hostileUpstream,
  issueToken,
  type IssuedToken,
  logIn,
  type Received,
  type Seat,
  startRemit,
  type TestRemit,
  until,
} from "@remit/testkit";

export const ISSUE = "/rest/api/3/issue/PROJ-42";

/** A Remit to be killed, with eyes on everything that must stay true whatever happens to it. */
export interface Stage extends AsyncDisposable {
  readonly remit: TestRemit;
  readonly upstream: HostileUpstream;
  readonly seat: Seat;
  /** Writes that reached the upstream for this token. */
  writes(of: IssuedToken): number;
  /** Records of the gateway's files that name this token's grant, of one kind. */
  records(of: IssuedToken, kind: LogRecord["kind"]): readonly LogRecord[];
  /** A write; what came of it. A good answer without its record is a fault, noted where it is seen. */
  write(of: IssuedToken): Promise<string>;
  read(of: IssuedToken): Promise<string>;
  /** Resolves at the next change of the gateway's log file, or of the broker's database. */
  growth(of: "gateway" | "broker"): Promise<void>;
  /** Lets the gateway's log grow by so many bytes and no more, as a disk does that is almost full; until its next start. */
  fillDisk(bytes: number): void;
  /** Starts what was killed, and waits until calls are served again. */
  recover(): Promise<void>;
  /** Task by purpose, as the broker lists them now. */
  tasks(): Promise<ReadonlyMap<string, Listed>>;
  /** Nothing that was seen on the way was wrong, and both logs are whole, and the same on both sides. */
  judge(): Promise<void>;
}

export interface Listed {
  readonly task: string;
  readonly grant: string;
  readonly state: string;
}

/** Whether a write of this token has its intent on the disk, at the moment at which it arrives. */
function intentFault(remit: TestRemit, grant: string | undefined, nth: number, { method, target }: Received): string[] {
  const intents = remit
    .gatewayRecords()
    .filter(({ kind, ids }) => kind === "call.intent" && ids.some((id) => id === grant));
  return grant !== undefined && intents.length >= nth
    ? []
    : [`${method} ${target}: ${nth} writes, ${intents.length} intents`];
}

/** Starts it, with a person who may see everything. */
export async function openStage(): Promise<Stage> {
  await using undo = new AsyncDisposableStack();
  const remit = undo.use(await startRemit());
  const faults: string[] = [];
  const grants = new Map<string, { grant: string; writes: number }>();
  let last = 0;
  const upstream = undo.use(
    await hostileUpstream({
      onRequest(received) {
        const marker = /"name":"(p\d+)"/.exec(received.body)?.[1];
        if (received.method === "GET") return;
        const known = marker === undefined ? undefined : grants.get(marker);
        if (known !== undefined) known.writes += 1;
        faults.push(...intentFault(remit, known?.grant, known?.writes ?? 0, received));
      },
    }),
  );
  await remit.connect({ origin: upstream.origin, secret: "the-upstream-key" });
  await remit.serving();
  const seat = await logIn(remit);
  const markers = new Map<string, string>();
  const markerOf = ({ held: { grant } }: IssuedToken): string => {
    const marker = markers.get(grant) ?? `p${(last += 1)}`;
    markers.set(grant, marker);
    if (!grants.has(marker)) grants.set(marker, { grant, writes: 0 });
    return marker;
  };
  const records: Stage["records"] = ({ held: { grant } }, kind) =>
    remit.gatewayRecords().filter((record) => record.kind === kind && record.ids.includes(grant));
  /** What is disclosed was recorded before: looked at in the turn in which the answer is seen. */
  const disclosed = (of: IssuedToken, kind: LogRecord["kind"], answers: number): void => {
    const done = records(of, kind).filter(({ body }) => body["outcome"] === "done");
    if (done.length < answers) faults.push(`${answers} answers of ${kind}, ${done.length} records`);
  };
  const answers = new Map<string, number>();
  const call = async (of: IssuedToken, kind: "call.read" | "call.outcome", init: RequestInit): Promise<string> => {
    const response = await of.agent.fetch(of.held.resource + ISSUE, init).catch(noAnswer);
    if (response === undefined) return "no answer";
    const name = `${kind} ${of.held.grant}`;
    if (response.ok) answers.set(name, (answers.get(name) ?? 0) + 1);
    disclosed(of, kind, answers.get(name) ?? 0);
    const text = await response.text().catch(() => "");
    return response.ok ? "ok" : (/"code":"([a-z_]+)"/.exec(text)?.[1] ?? `status ${response.status}`);
  };
  const running = undo.move();
  return {
    ...{ remit, upstream, seat, records },
    writes: (of) => grants.get(markerOf(of))?.writes ?? 0,
    read: async (of) => call(of, "call.read", {}),
    write: async (of) =>
      call(of, "call.outcome", {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ fields: { priority: { name: markerOf(of) } } }),
      }),
    growth: growthOf(remit),
    fillDisk(bytes) {
      const limit = statSync(logFile(remit)).size + bytes;
      execFileSync("prlimit", ["--pid", String(remit.gateway.pid), `--fsize=${limit}:unlimited`]);
    },
    async recover() {
      for (const name of ["broker", "gateway"] as const) if (isGone(remit[name].pid)) await remit[name].restart();
      await remit.serving();
    },
    tasks: async () => tasksOf(seat),
    async judge() {
      assert.deepEqual(faults, []);
      await judgeLogs(remit);
    },
    [Symbol.asyncDispose]: async () => running.disposeAsync(),
  };
}

function noAnswer(error: unknown): undefined {
  if (error instanceof RemitError && error.code === "unreachable") return undefined;
  throw error;
}

const isGone = (pid: number): boolean => !existsSync(`/proc/${pid}`);

const logFile = ({ data }: TestRemit): string =>
  join(data, "gateway", "log", `${new Date().toISOString().slice(0, 7)}.ndjson`);

function growthOf(remit: TestRemit): Stage["growth"] {
  const files = { gateway: logFile(remit), broker: join(remit.data, "broker", "broker.db-wal") };
  const stampOf = (file: string): string => {
    const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
    return stat === undefined ? "" : `${stat.size} ${stat.mtimeNs}`;
  };
  return async (of) => {
    const before = stampOf(files[of]);
    await until(`the ${of} writes to its disk`, () => stampOf(files[of]) !== before);
  };
}

async function tasksOf({ agent, session }: Seat): Promise<ReadonlyMap<string, Listed>> {
  const response = await agent.admin(session, "/admin/tasks");
  // our own API, as its schema says
  const { tasks } = (await response.json()) as { tasks: readonly (Listed & { purpose: string | null })[] };
  return new Map(tasks.map(({ purpose, task, grant, state }) => [purpose ?? task, { task, grant, state }]));
}

/** Both logs verify, and what the broker holds of the gateway's is what the gateway's files hold. */
async function judgeLogs(remit: TestRemit): Promise<void> {
  const own = remit.gatewayRecords();
  assert.deepEqual(
    own.map(({ n }) => n),
    own.map((_, at) => at),
  );
  const folder = mkdtempSync(join(tmpdir(), "remit-export-"));
  try {
    await until("the broker holds the gateway's whole log", async () => {
      const exported = await remit.command(["audit", "export", folder]);
      return exported.code === 0 && shippedIn(folder) === own.length;
    });
    const shipped = readFileSync(join(folder, "1.ndjson"), "utf8").split("\n").slice(0, -1);
    assert.deepEqual(shipped, own.map(recordLine));
    for (const where of [[], [folder]]) {
      const verified = await remit.command(["audit", "verify", ...where]);
      assert.equal(verified.code, 0, verified.stderr);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function shippedIn(folder: string): number {
  const file = join(folder, "1.ndjson");
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").length - 1 : 0;
}

/** A token for a task of this purpose; undefined if nobody answered. */
export async function tryToken(stage: Stage, purpose: string): Promise<IssuedToken | undefined> {
  return issueToken(stage.remit, { purpose }).catch(noAnswer);
}

/** Whether something that was asked over and over has been heard of by now: two whole rounds of another request. */
export async function processed(url: string): Promise<void> {
  for (let round = 0; round < 2; round++) await (await fetch(`${url}/healthz`)).arrayBuffer();
}
