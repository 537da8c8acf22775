import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { dpopProof } from "@remit/sdk";
import { issueToken, type IssuedToken } from "@remit/testkit";
import { ISSUE, openStage, processed, type Stage } from "./stage.ts";

/** What must be found after a kill at one step: exactly this, or one of several where the kill falls within a write to the disk. */
interface Step {
  readonly name: string;
  /** Brings a call to this step and kills the gateway there. */
  readonly kill: (stage: Stage, of: IssuedToken) => Promise<void>;
  readonly intents: readonly number[];
  readonly writes: readonly number[];
  readonly outcomes: readonly number[];
}

const NOTHING = { intents: [0], writes: [0], outcomes: [0] };
const PUT = ({ method }: { readonly method: string }): boolean => method === "PUT";

/** Sends the beginning of a write of the token's holder, by hand. */
async function begin({ remit }: Stage, { held, key }: IssuedToken, whole: boolean): Promise<Socket> {
  const url = held.resource + ISSUE;
  const nonce = (await fetch(url)).headers.get("dpop-nonce") ?? undefined;
  const { accessToken } = held;
  const proof = dpopProof({ key, method: "PUT", url, nonce, accessToken, now: Date.now() });
  const { host, port, pathname } = new URL(url);
  const head = [
    `PUT ${pathname} HTTP/1.1`,
    `Host: ${host}`,
    `Authorization: DPoP ${accessToken.reveal()}`,
    ...[`DPoP: ${proof}`, "Content-Type: application/json", "Content-Length: 43"],
  ].join("\r\n");
  const socket = connect(Number(port), "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write(whole ? `${head}\r\n\r\n{"fields":` : head.slice(0, -20));
  await processed(remit.gatewayUrl);
  return socket;
}

async function killWithin(stage: Stage, of: IssuedToken, whole: boolean): Promise<void> {
  const socket = await begin(stage, of, whole);
  const closed = once(socket, "close");
  await stage.remit.gateway.kill();
  await closed;
}

/** Steps that need a limit on another process's files, which only Linux has. */
function onLinux<T>(steps: readonly T[]): readonly T[] {
  return process.platform === "linux" ? steps : [];
}

const STEPS: readonly Step[] = [
  { ...NOTHING, name: "0 within the head", kill: async (stage, of) => killWithin(stage, of, false) },
  { ...NOTHING, name: "1-2 verified, within the body", kill: async (stage, of) => killWithin(stage, of, true) },
  {
    ...NOTHING,
    name: "3-4 deciding: what the decision needs is being looked up",
    async kill({ remit, upstream }, { agent, held }) {
      const hold = upstream.hold(({ target }) => target.includes("/transitions"));
      const body = JSON.stringify({ transition: { id: "31" } });
      const asked = agent.fetch(`${held.resource}${ISSUE}/transitions`, {
        ...{ method: "POST", headers: { "content-type": "application/json" }, body },
      });
      await hold.arrived();
      await Promise.all([remit.gateway.kill(), assert.rejects(asked)]);
      hold.release();
    },
  },
  {
    ...NOTHING,
    name: "6 spending: the broker has not said yet",
    async kill(stage, of) {
      const { broker, gateway } = stage.remit;
      // a nonce, so that the call itself is one request
      await (await of.agent.fetch(`${of.held.resource}/nothing`)).text();
      await broker.pause();
      const asked = stage.write(of);
      await processed(stage.remit.gatewayUrl);
      await gateway.kill();
      broker.resume();
      assert.equal(await asked, "no answer");
    },
  },
  {
    name: "7 writing the intent",
    ...{ intents: [0, 1], writes: [0, 1], outcomes: [0, 1] },
    async kill(stage, of) {
      const grown = stage.growth("gateway");
      const asked = stage.write(of);
      await grown;
      await stage.remit.gateway.kill();
      await asked;
    },
  },
  ...onLinux<Step>([
    {
      ...NOTHING,
      name: "7 the intent cannot be written",
      async kill(stage, of) {
        stage.fillDisk(0);
        assert.equal(await stage.write(of), "log_full");
        await stage.remit.gateway.kill();
      },
    },
    {
      ...NOTHING,
      name: "7 half of the intent can be written",
      async kill(stage, of) {
        stage.fillDisk(40);
        assert.equal(await stage.write(of), "log_full");
        await stage.remit.gateway.kill();
      },
    },
  ]),
  {
    name: "7-8 the intent is recorded, nothing is sent: every way to the upstream is taken",
    ...{ intents: [1], writes: [0], outcomes: [0] },
    async kill(stage, of) {
      const { remit, upstream } = stage;
      const filler = await issueToken(remit);
      // a nonce, so that each read is one request
      assert.equal(await stage.read(filler), "ok");
      const hold = upstream.hold();
      const reads = Array.from({ length: WAYS }, async () => stage.read(filler));
      await hold.arrived(WAYS);
      const grown = stage.growth("gateway");
      const asked = stage.write(of);
      await grown;
      await processed(remit.gatewayUrl);
      assert.equal(stage.records(of, "call.intent").length, 1);
      await remit.gateway.kill();
      assert.deepEqual(new Set(await Promise.all([asked, ...reads])), new Set(["no answer"]));
      hold.release();
    },
  },
  {
    name: "8 sent, not answered",
    ...{ intents: [1], writes: [1], outcomes: [0] },
    async kill(stage, of) {
      const hold = stage.upstream.hold(PUT);
      const asked = stage.write(of);
      await hold.arrived();
      await stage.remit.gateway.kill();
      assert.equal(await asked, "no answer");
      hold.release();
    },
  },
  {
    name: "9 answered, not read",
    ...{ intents: [1], writes: [1], outcomes: [0] },
    async kill(stage, of) {
      const hold = stage.upstream.hold(PUT);
      const asked = stage.write(of);
      await hold.arrived();
      await stage.remit.gateway.pause();
      hold.release();
      // the upstream has said everything by the time it has answered somebody else
      await (await fetch(stage.upstream.origin)).arrayBuffer();
      await stage.remit.gateway.kill();
      assert.equal(await asked, "no answer");
    },
  },
  {
    name: "10 writing the outcome",
    ...{ intents: [1], writes: [1], outcomes: [0, 1] },
    async kill(stage, of) {
      const hold = stage.upstream.hold(PUT);
      const asked = stage.write(of);
      await hold.arrived();
      const grown = stage.growth("gateway");
      hold.release();
      await grown;
      await stage.remit.gateway.kill();
      await asked;
    },
  },
  {
    name: "10 released",
    ...{ intents: [1], writes: [1], outcomes: [1] },
    async kill(stage, of) {
      assert.equal(await stage.write(of), "ok");
      await stage.remit.gateway.kill();
    },
  },
];

/** Connections that a gateway has to one upstream. */
const WAYS = 32;

test("[kill.intent-before-write] killed at any step of a write, the gateway leaves no effect without its intent and no answer without its record", async () => {
  await using stage = await openStage();
  for (const { name, kill, intents, writes, outcomes } of STEPS) {
    const issued = await issueToken(stage.remit);
    await kill(stage, issued);
    await stage.recover();
    const found = {
      intents: stage.records(issued, "call.intent").length,
      writes: stage.writes(issued),
      outcomes: stage.records(issued, "call.outcome").length,
    };
    assert.ok(intents.includes(found.intents), `${name}: ${JSON.stringify(found)}`);
    assert.ok(writes.includes(found.writes), `${name}: ${JSON.stringify(found)}`);
    assert.ok(outcomes.includes(found.outcomes), `${name}: ${JSON.stringify(found)}`);
    assert.ok(found.writes <= found.intents, `${name}: ${JSON.stringify(found)}`);
    assert.equal(await stage.write(issued), "ok", `the same token goes on after ${name}`);
  }
  await stage.judge();
});

interface ReadStep {
  readonly name: string;
  /** How many records there may be afterwards. */
  readonly records: readonly number[];
  /** Brings a read to this step, kills the gateway there, and answers what the caller was told. */
  readonly kill: (stage: Stage, of: IssuedToken) => Promise<string>;
}

/** Reads, and kills the gateway at what `when` waits for once the upstream has the request. */
async function killRead(
  stage: Stage,
  of: IssuedToken,
  when: (release: () => void) => void | Promise<void>,
): Promise<string> {
  const hold = stage.upstream.hold(({ method }) => method === "GET");
  const asked = stage.read(of);
  await hold.arrived();
  await when(() => hold.release());
  await stage.remit.gateway.kill();
  hold.release();
  return asked;
}

const READ_STEPS: readonly ReadStep[] = [
  { name: "8 sent, not answered", records: [0], kill: async (stage, of) => killRead(stage, of, () => undefined) },
  {
    name: "9 answered, not read",
    records: [0],
    kill: async (stage, of) =>
      killRead(stage, of, async (release) => {
        await stage.remit.gateway.pause();
        release();
        await (await fetch(stage.upstream.origin)).arrayBuffer();
      }),
  },
  {
    name: "10 writing the record",
    records: [0, 1],
    kill: async (stage, of) =>
      killRead(stage, of, async (release) => {
        const grown = stage.growth("gateway");
        release();
        await grown;
      }),
  },
  ...onLinux<ReadStep>([
    {
      name: "10 the record cannot be written",
      records: [0],
      async kill(stage, of) {
        stage.fillDisk(0);
        const code = await stage.read(of);
        await stage.remit.gateway.kill();
        return code;
      },
    },
  ]),
  {
    name: "10 released",
    records: [1],
    async kill(stage, of) {
      const code = await stage.read(of);
      await stage.remit.gateway.kill();
      return code;
    },
  },
];

test("[kill.no-disclosure-without-record] killed at any step of a read, the gateway has released nothing that it did not record", async () => {
  await using stage = await openStage();
  for (const { name, records, kill } of READ_STEPS) {
    const issued = await issueToken(stage.remit);
    const code = await kill(stage, issued);
    await stage.recover();
    const found = stage.records(issued, "call.read").length;
    assert.ok(records.includes(found), `${name}: ${found} records, ${code}`);
    assert.ok(["no answer", "log_full"].includes(code) || (code === "ok" && found === 1), `${name}: ${code}`);
    assert.equal(await stage.read(issued), "ok", `the same token goes on after ${name}`);
  }
  await stage.judge();
});
