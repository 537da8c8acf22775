import { Secret } from "@remit/core";
import type { Finder } from "../http/finder.ts";
import { finderOf, spellingsIn } from "../http/reflected.ts";

/** Texts that an answer must not hold, where new ones come and old ones go. */
export interface KnownSecrets {
  readonly spellings: Secret<Finder>;
  add(text: string): void;
}

/** So many of the newest are looked for; what is older than that is no longer good for anything. */
const KEPT = 8;

/** The lasting ones are always looked for. Each is spelled out once; an answer is still read in one pass. */
export function createKnownSecrets(lasting: readonly string[]): KnownSecrets {
  const fixed = spellingsIn(lasting);
  const newest = new Map<string, readonly string[]>();
  let find = finderOf(fixed);
  return {
    spellings: new Secret((text) => find(text)),
    add(text) {
      newest.delete(text);
      newest.set(text, spellingsIn([text]));
      for (const old of newest.keys()) if (newest.size > KEPT) newest.delete(old);
      find = finderOf([...fixed, ...[...newest.values()].flat()]);
    },
  };
}
