/**
 * Sends what is said within one turn of the event loop together, at most `most` at a time, because a request each costs
 * more than what it carries. A sending that fails fails for all that it carried.
 */
export function together<T>(most: number, send: (items: readonly T[]) => Promise<void>): (item: T) => Promise<void> {
  let waiting: { readonly items: T[]; readonly sent: Promise<void> } | undefined;
  const open = (): NonNullable<typeof waiting> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const items: T[] = [];
    const batch = { items, sent: promise.then(async () => send(items)) };
    setImmediate(() => {
      if (waiting === batch) waiting = undefined;
      resolve();
    });
    return batch;
  };
  return async (item) => {
    const batch = (waiting ??= open());
    // a full one is on its way with the end of this turn; the next item opens another
    if (batch.items.push(item) === most) waiting = undefined;
    return batch.sent;
  };
}
