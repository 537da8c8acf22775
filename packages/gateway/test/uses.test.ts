import assert from "node:assert/strict";
import { test } from "node:test";
import { err, ok, refuse } from "@remit/core";
import { createUses, type TakenUse } from "../src/uses.ts";

const NOW = 1_795_478_400_000;
const USE = { grant: "grn_a", jti: "tok_a", exp: NOW / 1000 + 120 };

/** A budget as a broker keeps it: what was granted, and what came back, once a reservation. */
function budget(total: number, block: number) {
  const books = {
    left: total,
    reservations: new Map<string, number>(),
    returned: new Map<string, number>(),
    open: 0,
    most: 0,
  };
  const channel = {
    async spend() {
      books.open += 1;
      books.most = Math.max(books.most, books.open);
      await Promise.resolve();
      books.open -= 1;
      const granted = Math.min(block, books.left);
      if (granted === 0) return err(refuse("limit", "none left"));
      books.left -= granted;
      const reservation = `rsv_${books.reservations.size}`;
      books.reservations.set(reservation, granted);
      return ok({ reservation, granted });
    },
    async return(reservation: string, unused: number) {
      assert.ok(!books.returned.has(reservation), "a block is returned once");
      assert.ok(unused <= (books.reservations.get(reservation) ?? 0));
      books.returned.set(reservation, unused);
      books.left += unused;
      await Promise.resolve();
    },
  };
  return { books, channel };
}

const faults = (error: unknown): void => assert.fail(String(error));

test("[uses.never-more] however many calls come at once, no more uses are taken than were granted", async () => {
  for (const [total, block] of [
    [10, 1],
    [10, 3],
    [64, 4],
    [5, 100],
  ] as const) {
    const { books, channel } = budget(total, block);
    const uses = createUses(channel, () => NOW, faults);
    const took = await Promise.all(Array.from({ length: total + 20 }, async () => uses.take(USE)));
    assert.equal(took.filter((one) => one.ok).length, total);
    assert.ok(took.every((one) => one.ok || one.error.code === "limit"));
    assert.equal(books.most, 1, "one reservation at a time serves all who wait");
  }
});

test("[uses.given-back] what was not sent comes back, once, and only when no call of its block is under way", async () => {
  const { books, channel } = budget(10, 2);
  const uses = createUses(channel, () => NOW, faults);
  const take = async (jti: string): Promise<TakenUse> => {
    const taken = await uses.take({ ...USE, jti });
    assert.ok(taken.ok);
    return taken.value;
  };
  const [first, second] = [await take("tok_a"), await take("tok_a")];
  const other = await take("tok_b");
  assert.equal(books.returned.size, 0, "calls of the first block are under way");
  first.giveBack();
  first.settle();
  first.settle();
  assert.equal(books.returned.size, 0);
  second.settle();
  assert.deepEqual([...books.returned], [["rsv_0", 1]]);
  other.settle();
  await uses.returnAll();
  assert.deepEqual(
    [...books.returned],
    [
      ["rsv_0", 1],
      ["rsv_1", 1],
    ],
  );
  assert.equal(books.left, 8, "two were spent");
});

test("[uses.bounded] blocks of tokens that are over are returned, so that memory does not grow with grants", async () => {
  const { books, channel } = budget(100_000, 2);
  const clock = { now: NOW };
  const uses = createUses(channel, () => clock.now, faults);
  for (let at = 0; at < 2_000; at++) {
    const taken = await uses.take({ grant: `grn_${at}`, jti: `tok_${at}`, exp: clock.now / 1000 + 120 });
    assert.ok(taken.ok);
    taken.value.settle();
    clock.now += 1_000;
  }
  assert.ok(books.returned.size >= 1_600, `${books.returned.size} returned`);
});
