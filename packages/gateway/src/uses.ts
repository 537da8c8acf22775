import { err, ok, refuse, type Refusal, type Result } from "@remit/core";
import type { PointChannel } from "@remit/sdk";

/** One use that was taken for one call; given back only if no byte of the call was sent. */
export interface TakenUse {
  giveBack(): void;
}

/** Spends uses of grants out of blocks that were reserved at the broker, one block a token. */
export interface Uses {
  take(grant: string, jti: string): Promise<Result<TakenUse, Refusal>>;
  /** Returns what is left of every block. */
  returnAll(): Promise<void>;
}

interface Block {
  readonly reservation: string;
  readonly token: string;
  left: number;
}

export function createUses(channel: Pick<PointChannel, "spend" | "return">, fault: (error: unknown) => void): Uses {
  const blocks = new Map<string, Block>();
  const fill = async (grant: string, jti: string): Promise<Result<Block, Refusal>> => {
    const reserved = await channel.spend({ grant, jti, count: 1 });
    if (!reserved.ok) return reserved;
    const block = {
      reservation: reserved.value.reservation,
      token: jti,
      left: reserved.value.granted,
    };
    const before = blocks.get(grant);
    blocks.set(grant, block);
    if (before !== undefined && before.left > 0) void channel.return(before.reservation, before.left).catch(fault);
    return ok(block);
  };
  return {
    async take(grant, jti) {
      try {
        const held = blocks.get(grant);
        const block = held !== undefined && held.left > 0 && held.token === jti ? ok(held) : await fill(grant, jti);
        if (!block.ok) return block;
        if (block.value.left < 1) return err(refuse("limit", "no use is left"));
        block.value.left -= 1;
        return ok({ giveBack: () => void (block.value.left += 1) });
      } catch (error) {
        fault(error);
        return err(refuse("budget_unavailable", "the broker cannot be asked for uses"));
      }
    },
    async returnAll() {
      const open = [...blocks.values()].filter(({ left }) => left > 0);
      blocks.clear();
      await Promise.all(open.map(async ({ reservation, left }) => channel.return(reservation, left).catch(fault)));
    },
  };
}
