import { hash } from "node:crypto";
import { concatBytes, type Frontier, type Sha256 } from "@remit/core";
import { bytes, integer, type Row } from "./rows.ts";

export const sha256: Sha256 = (data) => hash("sha256", data, "buffer");

/** A frontier as its row keeps it: peaks of 32 bytes, one after the other. */
export const peaksOf = (frontier: Frontier): Uint8Array => concatBytes(...frontier.peaks);

export function frontierOf(row: Row): Frontier {
  const held = bytes(row, "peaks");
  const peaks: Uint8Array[] = [];
  for (let at = 0; at < held.length; at += 32) peaks.push(held.slice(at, at + 32));
  return { size: integer(row, "size"), peaks };
}
