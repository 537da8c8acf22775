import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createRevocations, hashOfBatch, type FeedBatch } from "../src/index.ts";
import { createFreshness } from "../src/liveness/freshness.ts";
import { NOW } from "./support/fixture.ts";

const BOUNDS = { readMs: 10_000, writeMs: 2_000, revealMs: 1_000 };
const CLASSES = [
  ["read", 10_000],
  ["write", 2_000],
  ["money", 1_000],
  ["reveal", 1_000],
  ["mint", 1_000],
] as const;
const IDS = ["tsk_a", "tsk_b", "grn_a", "usr_a", "kid:k1", "key:j1", "all"] as const;

/** One thing that happens. Messages travel for a while, or are lost. */
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("revoke" as const),
      id: fc.constantFrom(...IDS),
      lasting: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("ask" as const),
      there: fc.integer({ min: 0, max: 3_000 }),
      back: fc.integer({ min: 0, max: 3_000 }),
      lost: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("deliver" as const),
      how: fc.constantFrom("next", "again", "skip"),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      ms: fc.oneof(
        fc.integer({ min: 0, max: 4_000 }),
        fc.constantFrom(1, 999, 1_000, 1_001, 1_999, 2_000, 9_999, 10_000),
      ),
    }),
  },
);

interface Sent {
  readonly nonce: string;
  readonly sentMs: number;
  readonly arrivesMs: number;
  readonly backMs: number;
  readonly lost: boolean;
  n?: number;
  at?: number;
}

/** Runs the point against a broker that loses and delays, and compares every verdict with the truth. */
function play(steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[]): void {
  const freshness = createFreshness(BOUNDS);
  const revocations = createRevocations();
  revocations.restart({ epoch: 1, n: 0, head: "", items: [] });
  const committed: {
    readonly n: number;
    readonly id: string;
    readonly before: number | undefined;
    readonly ms: number;
  }[] = [];
  const batches: { readonly batch: FeedBatch; readonly compact: string }[] = [];
  let sent: Sent[] = [];
  let ms = 5_000;
  let head = "";
  const brokerMs = (): number => NOW * 1000 + ms;
  const reached = (): void => {
    for (const message of sent) {
      if (message.n === undefined && message.arrivesMs <= ms) {
        // the broker answers from what is committed when the question arrives
        message.n = committed.filter((one) => one.ms <= message.arrivesMs).length;
        message.at = NOW * 1000 + message.arrivesMs;
      }
      if (message.lost || message.n === undefined || message.at === undefined || message.backMs > ms) continue;
      freshness.answered({ epoch: 1, n: message.n, nonce: message.nonce, at: message.at }, ms, revocations.position());
    }
    sent = sent.filter((message) => message.backMs > ms);
  };
  const deliver = (how: string): void => {
    const { n } = revocations.position();
    const at = how === "next" ? n : how === "again" ? n - 1 : n + 1;
    const next = batches[at];
    if (next === undefined) return;
    const taken = revocations.apply(next.batch, next.compact);
    assert.equal(taken.ok, how === "next");
    if (taken.ok) freshness.applied(revocations.position());
  };
  const judge = (): void => {
    for (const [operation, bound] of CLASSES) {
      if (!freshness.isFresh(operation, ms)) continue;
      for (const id of IDS) {
        const issuedAt = NOW;
        if (revocations.isDead([id], issuedAt)) continue;
        const old = committed.find(
          (one) =>
            (one.id === id || one.id === "all") &&
            (one.before === undefined || one.before >= issuedAt) &&
            one.ms + bound <= ms,
        );
        assert.equal(old, undefined, `\`${operation}\` allowed on ${id} at ${ms}, revoked at ${old?.ms}`);
      }
    }
    const { nowMs, uncertaintyMs } = freshness.brokerTime(ms);
    assert.ok(
      nowMs - uncertaintyMs <= brokerMs() && brokerMs() <= nowMs + uncertaintyMs,
      "broker time is within what is said of it",
    );
  };
  steps.forEach((one, index) => {
    switch (one.kind) {
      case "revoke": {
        const n = committed.length + 1;
        const before = one.lasting ? NOW : undefined;
        const item = {
          n,
          id: one.id,
          forget: NOW + 10_000,
          ...(before === undefined ? {} : { before }),
        };
        const compact = `batch-${n}`;
        batches.push({ batch: { epoch: 1, from: n, to: n, prev: head, items: [item] }, compact });
        head = hashOfBatch(compact);
        committed.push({ n, id: one.id, before, ms });
        break;
      }
      case "ask":
        freshness.asked(`nonce-${index}`, ms, revocations.position());
        sent.push({
          nonce: `nonce-${index}`,
          sentMs: ms,
          arrivesMs: ms + one.there,
          backMs: ms + one.there + one.back,
          lost: one.lost,
        });
        break;
      case "deliver":
        deliver(one.how);
        break;
      case "pass":
        for (let left = one.ms; left > 0; left -= Math.min(left, 97)) {
          ms += Math.min(left, 97);
          reached();
          judge();
        }
    }
    reached();
    judge();
  });
}

test("[liveness.bound] no call is allowed later than the bound of its class after a revocation, whatever is lost or late", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => play(steps)),
    { numRuns: 400 },
  );
});

test("[liveness.not-before-challenge] nothing is fresh before the first answer of this process", () => {
  const freshness = createFreshness(BOUNDS);
  for (const [operation] of CLASSES)
    for (const ms of [0, 1, 1e9]) assert.equal(freshness.isFresh(operation, ms), false);
  assert.equal(freshness.brokerTime(5).uncertaintyMs, Infinity);
});

test("[liveness.from-sending] freshness counts from sending, and ends at the bound, not after it", () => {
  const freshness = createFreshness(BOUNDS);
  const at = { epoch: 1, n: 7 };
  freshness.asked("a", 100, at);
  assert.equal(freshness.answered({ ...at, nonce: "a", at: 0 }, 900, at), "fresh");
  for (const [operation, bound] of CLASSES) {
    assert.equal(freshness.isFresh(operation, 100 + bound - 1), true, operation);
    assert.equal(freshness.isFresh(operation, 100 + bound), false, operation);
  }
});

test("[liveness.answer-refused] an answer proves nothing if its nonce is not open, it is used again, of another epoch, or behind what was known when asked", () => {
  const freshness = createFreshness(BOUNDS);
  const at = { epoch: 2, n: 7 };
  freshness.asked("a", 100, at);
  freshness.asked("b", 101, at);
  freshness.asked("c", 102, at);
  freshness.asked("d", 103, at);
  assert.equal(freshness.answered({ ...at, nonce: "other", at: 0 }, 110, at), "nonce");
  assert.equal(freshness.answered({ epoch: 3, n: 0, nonce: "a", at: 0 }, 110, at), "epoch");
  assert.equal(freshness.answered({ epoch: 1, n: 9, nonce: "b", at: 0 }, 110, at), "epoch");
  assert.equal(freshness.answered({ epoch: 2, n: 6, nonce: "c", at: 0 }, 110, at), "step_back");
  assert.equal(freshness.isFresh("read", 110), false);
  assert.equal(freshness.answered({ ...at, nonce: "d", at: 0 }, 110, at), "fresh");
  assert.equal(freshness.answered({ ...at, nonce: "d", at: 0 }, 9_000, at), "nonce");
  assert.equal(freshness.isFresh("money", 1_102), true);
  assert.equal(freshness.isFresh("money", 1_103), false);
});

test("[liveness.behind] an answer counts only once the feed is applied up to it", () => {
  const freshness = createFreshness(BOUNDS);
  freshness.asked("a", 100, { epoch: 1, n: 1 });
  assert.equal(freshness.answered({ epoch: 1, n: 3, nonce: "a", at: 0 }, 110, { epoch: 1, n: 1 }), "behind");
  assert.equal(freshness.isFresh("read", 110), false);
  freshness.applied({ epoch: 1, n: 2 });
  assert.equal(freshness.isFresh("read", 110), false);
  freshness.applied({ epoch: 1, n: 3 });
  assert.equal(freshness.isFresh("read", 110), true);
  assert.equal(freshness.isFresh("money", 1_100), false);
});

test("[feed.chain] only the next batch of the same chain is applied, and a refused one changes nothing", () => {
  const revocations = createRevocations();
  const batch = (over: Partial<FeedBatch>): FeedBatch => ({
    epoch: 1,
    from: 1,
    to: 1,
    prev: "",
    items: [{ n: over.from ?? 1, id: "tsk_x", forget: 9 }],
    ...over,
  });
  assert.deepEqual(revocations.apply(batch({}), "one"), { ok: false, error: "epoch" });
  revocations.restart({ epoch: 1, n: 0, head: "", items: [] });
  assert.deepEqual(revocations.apply(batch({ from: 2, to: 2 }), "two"), {
    ok: false,
    error: "gap",
  });
  assert.deepEqual(revocations.apply(batch({ prev: "x" }), "one"), { ok: false, error: "fork" });
  assert.equal(revocations.isDead(["tsk_x"], 0), false);
  assert.equal(revocations.apply(batch({}), "one").ok, true);
  assert.equal(revocations.isDead(["tsk_x"], 0), true);
  assert.deepEqual(revocations.apply(batch({}), "one"), { ok: false, error: "gap" });
  const second = { from: 2, to: 2, items: [{ n: 2, id: "tsk_y", forget: 9 }] };
  assert.deepEqual(revocations.apply(batch({ ...second, prev: hashOfBatch("other") }), "two"), {
    ok: false,
    error: "fork",
  });
  assert.equal(revocations.apply(batch({ ...second, prev: hashOfBatch("one") }), "two").ok, true);
  assert.deepEqual(revocations.position(), { epoch: 1, n: 2 });
});

test("[feed.before] a lasting id ends what was issued at or before its instant; an id that ends once ends everything; `all` ends all", () => {
  const revocations = createRevocations();
  const items = [
    { n: 1, id: "usr_x", before: 100, forget: 500 },
    { n: 2, id: "tsk_x", forget: 300 },
    { n: 3, id: "usr_x", before: 90, forget: 400 },
  ];
  revocations.restart({ epoch: 1, n: 3, head: "", items });
  assert.equal(revocations.isDead(["usr_x"], 100), true);
  assert.equal(revocations.isDead(["usr_x"], 101), false);
  assert.equal(revocations.isDead(["other", "tsk_x"], 1e12), true);
  assert.equal(revocations.forget(299), 2);
  assert.equal(revocations.forget(300), 1);
  assert.equal(revocations.isDead(["tsk_x"], 0), false);
  assert.equal(revocations.isDead(["usr_x"], 100), true);
  assert.equal(revocations.forget(500), 0);
  revocations.restart({
    epoch: 2,
    n: 1,
    head: "",
    items: [{ n: 1, id: "all", before: 50, forget: 9_999 }],
  });
  assert.equal(revocations.isDead([], 50), true);
  assert.equal(revocations.isDead([], 51), false);
});
