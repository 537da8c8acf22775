import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "@remit/core";
import { dpopProof } from "@remit/sdk";
import { gatewayWorld, type GatewayWorld, SECRET, USER } from "../support/gateway-world.ts";
import { ungranted } from "./oracle.ts";
import { createRandom, type Random } from "./random.ts";
import { createRawClient } from "./raw-client.ts";
import { type Attempt, attemptFrom } from "./requests.ts";

const ATTEMPTS = 100_000;
const CLIENTS = 16;
/** Seeds whose requests once reached what they should not, or that are worth keeping; each is run whole. */
const KEPT: readonly number[] = [1, 20_261_125];
const AUTHORIZATION = `Basic ${Buffer.from(`${USER}:${SECRET}`).toString("base64")}`;

const FRAMING = ["Content-Length", "Transfer-Encoding", "Expect", "Upgrade", "Connection"];

interface Tally {
  readonly sent: number;
  readonly answered: ReadonlyMap<number, number>;
}

/** Writes so many requests of one seed to a gateway, each with a proof for exactly what it says. */
async function attack(world: GatewayWorld, seed: number, count: number): Promise<Tally> {
  const random = createRandom(seed);
  const state = { nonce: (await world.call("GET", "/rest/api/3/issue/PROJ-42")).headers.get("dpop-nonce") ?? "" };
  const answered = new Map<number, number>();
  let sent = 0;
  const fresh = tokens(world);
  const work = async (): Promise<void> => {
    const client = createRawClient(Number(new URL(world.base).port));
    while (sent < count) {
      sent += 1;
      const attempt = attemptFrom(random);
      const { status, nonce } = await client.exchange(written(world, attempt, fresh(), state.nonce), {
        bodiless: attempt.method === "HEAD",
        last: attempt.headers.some(([name]) => FRAMING.includes(name)) || attempt.target.includes("\r\n\r\n"),
      });
      state.nonce = nonce ?? state.nonce;
      answered.set(status, (answered.get(status) ?? 0) + 1);
    }
    client.close();
  };
  await Promise.all(Array.from({ length: CLIENTS }, work));
  return { sent, answered };
}

/** A token lives two minutes; the attack may take longer. */
function tokens(world: GatewayWorld): () => string {
  let held = { text: world.token(), at: Date.now() };
  return () => {
    if (Date.now() - held.at > 60_000) held = { text: world.token(), at: Date.now() };
    return held.text;
  };
}

function written(world: GatewayWorld, attempt: Attempt, token: string, nonce: string): Buffer {
  const { method, target, whole, headers, body } = attempt;
  const place = new URL(world.resource);
  const path = whole ?? place.pathname + target;
  const dpop = dpopProof({
    ...{ key: world.holder, method, nonce, now: Date.now(), accessToken: new Secret(token) },
    url: `${place.origin}${path.split("?")[0] ?? ""}`,
  });
  const own: readonly (readonly [string, string])[] = [
    ...([
      ["Host", place.host],
      ["Authorization", `DPoP ${token}`],
      ["DPoP", dpop],
    ] as const),
    ...(body === undefined
      ? []
      : ([
          ["Content-Type", "application/json"],
          ["Content-Length", String(Buffer.byteLength(body))],
        ] as const)),
  ];
  const lines = [...own.filter(([name]) => !replaces(headers, name)), ...headers].map(
    ([name, value]) => `${name}: ${value}`,
  );
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${body ?? ""}`);
}

/** Content types and hosts are tried in the place of the right ones, and everything else beside them. */
const replaces = (headers: Attempt["headers"], name: string): boolean =>
  ["Content-Type", "Accept"].includes(name) && headers.some(([other]) => other === name);

/** Attacks with one seed, and says what of it reached the upstream without being granted. */
async function reachedUngranted(world: GatewayWorld, seed: number, count: number): Promise<readonly string[]> {
  world.upstream.reached.length = 0;
  const { sent, answered } = await attack(world, seed, count);
  assert.equal(sent, count);
  const wrong = world.upstream.reached.flatMap((reached) => {
    const fault = ungranted(reached, AUTHORIZATION);
    return fault === undefined ? [] : [`${fault}: ${JSON.stringify(reached)}`];
  });
  // an attack that is refused for one reason alone, or lets nothing through, would try nothing
  const good = (answered.get(200) ?? 0) + (answered.get(204) ?? 0);
  assert.ok(good > count / 50, `only ${good} of ${count} were granted: ${JSON.stringify([...answered])}`);
  assert.ok(
    (answered.get(403) ?? 0) > count / 10 && (answered.get(400) ?? 0) > count / 20,
    JSON.stringify([...answered]),
  );
  assert.equal(answered.get(500), undefined, JSON.stringify([...answered]));
  return wrong;
}

test("[gateway.differential] of a hundred thousand requests near what is granted not one byte reaches the upstream that is not", async (t) => {
  const world = await gatewayWorld(t);
  const seed = Math.floor(Math.random() * 4_294_967_296);
  for (const each of [...KEPT, seed]) {
    const count = each === seed ? ATTEMPTS : 2_000;
    const wrong = await reachedUngranted(world, each, count);
    assert.deepEqual(wrong.slice(0, 5), [], `seed ${each}`);
  }
});

/** The seed alone decides what is tried, or a kept seed would not be the attack that it was kept for. */
test("[gateway.differential] a seed repeats its requests", () => {
  const some = (random: Random): readonly Attempt[] => Array.from({ length: 500 }, () => attemptFrom(random));
  assert.deepEqual(some(createRandom(7)), some(createRandom(7)));
});
