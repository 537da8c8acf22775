import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { openSqliteStore, StoreFault } from "../src/store/sqlite.ts";
import { feedKeyPem, people } from "./support.ts";

// fills the small file system that it was started in, and tells what the store then does
const folder = process.argv[2] ?? "";
const store = await openSqliteStore({
  ...{ data: join(folder, "data"), feedKeyPem, feedKid: "feed", reserveBytes: 1_048_576 },
  lifetimes: { tokenMs: 120_000, leaseMs: 180_000, dormantMs: 900_000 },
});
const { task } = await people(store);
const begun = await store.beginTask(task());
if (begun.ok) console.log("begun");
const filler = openSync(join(folder, "filler"), "w");
const chunk = Buffer.alloc(4_096, 1);
for (let full = false; !full;) {
  try {
    full = writeSync(filler, chunk) < chunk.length;
  } catch {
    full = true;
  }
}
closeSync(filler);
const filling = { kind: "alarm", decision: "dec_1", ids: [], body: { filler: "x".repeat(8_000) } };
const recorded = async (): Promise<boolean> => {
  try {
    await store.record(filling);
    return true;
  } catch (error) {
    if (error instanceof StoreFault) return false;
    throw error;
  }
};
// the last free pages of the write-ahead log may take some more
for (let at = 0; at < 200 && (await recorded()); at++);
console.log((await recorded()) ? "recorded" : "record refused");
const id = begun.ok ? begun.value.task : "";
const ended = await store.end({ id, how: "kill", by: "test", reason: undefined, suspend: false, decision: "dec_2" });
if (ended.ok && store.read.grant(begun.ok ? begun.value.grant : "")?.endedMs === ended.value.endedMs)
  console.log("ended");
rmSync(join(folder, "filler"));
// the store looks for its reserve at most every five seconds
const until = Date.now() + 15_000;
while (Date.now() < until && !(await recorded()));
console.log((await recorded()) ? "recorded again" : "refused for ever");
await store.close();
