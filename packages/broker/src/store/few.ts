import type { PointRow, Reads } from "./store.ts";

/** Reads of what is few and changes seldom, remembered until a commit may have changed it. */
export interface FewRemembered {
  over(reads: Reads): Reads;
  /** Called when such a commit is known, before anything of it is answered. */
  forget(): void;
}

/** Makes the memory of configured names, points and suspended ids. */
export function rememberFew(): FewRemembered {
  const names = new Map<string, string>();
  const held: { points?: readonly PointRow[] | undefined; suspended?: ReadonlySet<string> | undefined } = {};
  return {
    forget() {
      names.clear();
      [held.points, held.suspended] = [undefined, undefined];
    },
    over: (reads) => ({
      ...reads,
      name(kind, name) {
        const key = `${kind} ${name}`;
        const known = names.get(key);
        if (known !== undefined) return known;
        const id = reads.name(kind, name);
        // only names that are there: of those that are not there is no end
        if (id !== undefined) names.set(key, id);
        return id;
      },
      points: () => (held.points ??= reads.points()),
      suspendedIds: () => (held.suspended ??= reads.suspendedIds()),
    }),
  };
}
