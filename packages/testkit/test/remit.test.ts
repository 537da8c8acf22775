import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import { RemitError } from "@remit/sdk";
import { hostileUpstream, issueToken, logIn, startRemit, type TestRemit } from "@remit/testkit";

const SECRET = "an-upstream-key-for-tests";
const ISSUE = "/rest/api/3/issue/PROJ-42";

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    // the system knows no such process
    return false;
  }
};

async function isOpen(url: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  const opened = await Promise.race([
    once(socket, "connect").then(() => true),
    once(socket, "close").then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return opened;
}

test("[testkit.whole-way] a token is issued by the broker, a call goes through the gateway, and nothing is left behind", async () => {
  let left: Pick<TestRemit, "folder" | "brokerUrl" | "gatewayUrl"> & { readonly pids: readonly number[] };
  {
    await using remit = await startRemit();
    await using upstream = await hostileUpstream();
    await remit.connect({ origin: upstream.origin, secret: SECRET });
    await remit.serving();
    const { agent, held } = await issueToken(remit);
    const response = await agent.fetch(held.resource + ISSUE);
    assert.deepEqual(await response.json(), {
      id: "10442",
      key: "PROJ-42",
      fields: {
        summary: "Login answers 500 on Safari",
        status: { id: "10001", name: "In Progress" },
        priority: { id: "3", name: "Medium" },
      },
    });
    assert.deepEqual(
      upstream.requests.map(({ method, target }) => `${method} ${target.split("?")[0] ?? ""}`),
      ["GET /rest/api/3/issue/PROJ-42", "GET /rest/api/3/issue/10442"],
    );
    const sent = upstream.bytes().toString("latin1");
    assert.ok(sent.includes(Buffer.from(`svc@acme.example:${SECRET}`).toString("base64")));
    assert.ok(!sent.includes(held.accessToken.reveal()), "the caller's token stays at the gateway");
    assert.ok(remit.gatewayRecords().some(({ kind, ids }) => kind === "call.read" && ids.includes(held.grant)));
    await logIn(remit);
    const verified = await remit.command(["audit", "verify", "--json"]);
    assert.equal(verified.code, 0, verified.stderr);
    const { folder, brokerUrl, gatewayUrl } = remit;
    left = { folder, brokerUrl, gatewayUrl, pids: [remit.broker.pid, remit.gateway.pid] };
    assert.ok(existsSync(folder) && left.pids.every(isRunning));
  }
  assert.ok(!existsSync(left.folder));
  assert.deepEqual(left.pids.filter(isRunning), []);
  assert.deepEqual(await Promise.all([isOpen(left.brokerUrl), isOpen(left.gatewayUrl)]), [false, false]);
});

test("[testkit.kill-and-restart] a killed process comes back on its addresses and data; a held one answers when it goes on", async () => {
  await using remit = await startRemit();
  await using upstream = await hostileUpstream();
  await remit.connect({ origin: upstream.origin, secret: SECRET });
  await remit.serving();
  const { agent, held } = await issueToken(remit);
  for (const name of ["gateway", "broker"] as const) {
    const before = remit[name].pid;
    const { ended } = remit[name];
    await remit[name].kill();
    assert.equal(await ended, "SIGKILL");
    await remit[name].restart();
    assert.notEqual(remit[name].pid, before);
    assert.equal(remit[name].text(name), name === "broker" ? remit.brokerUrl : remit.gatewayUrl);
    await remit.serving();
    assert.equal((await agent.fetch(held.resource + ISSUE)).status, 200, `after the ${name} was killed`);
  }
  await remit.gateway.pause();
  const order: string[] = [];
  const asked = fetch(`${remit.gatewayUrl}/healthz`).then(() => order.push("answered"));
  await fetch(`${remit.brokerUrl}/healthz`);
  order.push("resumed");
  remit.gateway.resume();
  await asked;
  assert.deepEqual(order, ["resumed", "answered"]);
});

test("[testkit.own-configuration] a test's own files stand beside or instead of the testkit's", async () => {
  await using remit = await startRemit({
    people: { kim: { groups: ["support"] }, lee: { groups: ["sales"] } },
    config: { "policies/people.yaml": undefined },
  });
  await using upstream = await hostileUpstream();
  await remit.connect({ origin: upstream.origin, secret: SECRET });
  await remit.serving();
  const { held } = await issueToken(remit, { person: "kim", duration: 60 });
  assert.ok(held.taskEnds <= Math.floor(Date.now() / 1000) + 61);
  const refused = async (person: string): Promise<string> =>
    issueToken(remit, { person }).then(
      () => "ok",
      (error: unknown) => (error instanceof RemitError ? error.code : String(error)),
    );
  assert.equal(await refused("lee"), "policy_none");
  assert.match(await refused("dana"), /knows nobody of the name `dana`/);
  const { agent, session } = await logIn(remit, "kim");
  const policies = await agent.admin(session, "/admin/policies");
  assert.deepEqual(
    ((await policies.json()) as { policies: readonly { policy: string }[] }).policies.map(({ policy }) => policy),
    ["test"],
  );
  const wrong = { "policies/test.yaml": { policy: "test", nonsense: 1 } };
  await assert.rejects(
    startRemit({ config: wrong }),
    /did not start \(exit code 1\)[^]*policies\/test\.yaml[^]*nonsense/,
  );
});
