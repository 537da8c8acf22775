import { err, ok, refuse, type Refusal, type Result } from "@remit/core";
import type { PointChannel } from "@remit/sdk";

/** One use that was taken for one call. */
export interface TakenUse {
  /** Says that no byte of the call was sent, so that the use is not spent. */
  giveBack(): void;
  /** The call is over: from now on the use is spent, unless it was given back. */
  settle(): void;
}

/** For which grant and token a use is taken. */
export interface UseOf {
  readonly grant: string;
  readonly jti: string;
  /** Seconds; a block of uses is kept as long as its token can be used. */
  readonly exp: number;
}

/** Spends uses of grants out of blocks that were reserved at the broker, one block a token. */
export interface Uses {
  take(use: UseOf): Promise<Result<TakenUse, Refusal>>;
  /** Returns what is left of every block. */
  returnAll(): Promise<void>;
}

interface Block {
  readonly reservation: string;
  readonly jti: string;
  readonly exp: number;
  left: number;
  /** Calls under way that hold a use; a block is returned once, when all of them are over. */
  under: number;
  retired: boolean;
}

interface Purse {
  readonly channel: Pick<PointChannel, "spend" | "return">;
  readonly now: () => number;
  readonly fault: (error: unknown) => void;
  /** By grant. */
  readonly blocks: Map<string, Block>;
  /** By grant and token: what is being reserved. */
  readonly filling: Map<string, Promise<Result<Block, Refusal>>>;
}

/** Makes the purse of a gateway; `now` in milliseconds. */
export function createUses(
  channel: Pick<PointChannel, "spend" | "return">,
  now: () => number,
  fault: (error: unknown) => void,
): Uses {
  const purse: Purse = { channel, now, fault, blocks: new Map(), filling: new Map() };
  return {
    async take(use) {
      try {
        return await take(purse, use);
      } catch (error) {
        fault(error);
        return err(refuse("budget_unavailable", "the broker cannot be asked for uses"));
      }
    },
    async returnAll() {
      const open = [...purse.blocks.values()];
      purse.blocks.clear();
      await Promise.all(open.map(async (block) => retire(purse, block)));
    },
  };
}

/** Takes from the block at hand; calls that come while one is being reserved wait for that one. */
async function take(purse: Purse, use: UseOf): Promise<Result<TakenUse, Refusal>> {
  const { blocks, filling } = purse;
  for (;;) {
    // from seeing that a use is left to taking it there is no turn of events in which another call could take it
    const held = blocks.get(use.grant);
    if (held !== undefined && held.left > 0 && held.jti === use.jti) return ok(takeFrom(purse, held));
    const key = `${use.grant} ${use.jti}`;
    const begun = filling.get(key) ?? fill(purse, use).finally(() => filling.delete(key));
    filling.set(key, begun);
    const filled = await begun;
    if (!filled.ok) return filled;
  }
}

async function fill(purse: Purse, { grant, jti, exp }: UseOf): Promise<Result<Block, Refusal>> {
  const reserved = await purse.channel.spend({ grant, jti, count: 1 });
  if (!reserved.ok) return reserved;
  const { reservation, granted } = reserved.value;
  if (granted < 1) return err(refuse("limit", "no use is left"));
  const block: Block = { reservation, jti, exp, left: granted, under: 0, retired: false };
  const before = purse.blocks.get(grant);
  sweep(purse);
  purse.blocks.set(grant, block);
  if (before !== undefined) void retire(purse, before);
  return ok(block);
}

function takeFrom(purse: Purse, block: Block): TakenUse {
  const state = { spent: true, over: false };
  block.left -= 1;
  block.under += 1;
  return {
    giveBack: () => void (state.spent = false),
    settle() {
      if (state.over) return;
      state.over = true;
      block.under -= 1;
      if (!state.spent) block.left += 1;
      if (block.retired) void returnRest(purse, block);
    },
  };
}

async function retire(purse: Purse, block: Block): Promise<void> {
  block.retired = true;
  await returnRest(purse, block);
}

async function returnRest({ channel, fault }: Purse, block: Block): Promise<void> {
  const { under, left, reservation } = block;
  if (under > 0 || left === 0) return;
  block.left = 0;
  await channel.return(reservation, left).catch(fault);
}

const SWEEP_FROM = 256;

/** Returns what tokens of the past left. */
function sweep(purse: Purse): void {
  if (purse.blocks.size < SWEEP_FROM) return;
  for (const [grant, block] of purse.blocks) {
    if (block.exp * 1000 > purse.now()) continue;
    purse.blocks.delete(grant);
    void retire(purse, block);
  }
}
