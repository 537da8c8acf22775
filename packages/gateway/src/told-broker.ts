import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { isJsonObject, readJson } from "@remit/core";

/** The broker that a gateway belongs to. */
export interface ToldBroker {
  readonly broker: string;
  readonly points: string;
  readonly pin: string;
}

const MEMBERS = ["broker", "points", "pin"] as const;

/** Waits for the one line of JSON in which whoever started both programs names the broker, once that is up. */
export async function readToldBroker(input: Readable): Promise<ToldBroker> {
  const line = await firstLine(input);
  const json = readJson(line ?? "");
  const said = json.ok && isJsonObject(json.value) ? json.value : {};
  const [broker, points, pin] = MEMBERS.map((name) => said[name]);
  const known = Object.keys(said).length === MEMBERS.length;
  if (!known || typeof broker !== "string" || typeof points !== "string" || typeof pin !== "string")
    throw new Error("no broker was named on stdin: one line of JSON with `broker`, `points` and `pin` is needed");
  return { broker, points, pin };
}

async function firstLine(input: Readable): Promise<string | undefined> {
  for await (const line of createInterface({ input })) {
    input.destroy();
    return line;
  }
  return undefined;
}
