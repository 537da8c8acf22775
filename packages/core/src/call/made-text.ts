import { atPointer } from "../json/canonical.ts";
import type { Json } from "../json/read.ts";
import type { Reading } from "./named.ts";

/**
 * A text made of the record's name and of values that were read before it; undefined where one of them is not there, so
 * that nothing equals it.
 */
export function madeText({ routed, members }: Pick<Reading, "routed" | "members">, text: string): string | undefined {
  let made = "";
  for (const [index, piece] of text.split(/\{(record|\/[^{}]+)\}/).entries()) {
    const value = index % 2 === 0 ? piece : piece === "record" ? nameOf(routed) : members[piece];
    if (typeof value !== "string") return undefined;
    made += value;
  }
  return made;
}

/** Only the identifier is what was decided; an alias may be any name. */
const nameOf = ({ named, by }: Reading["routed"]): string | undefined => (by === "identifier" ? named : undefined);

/** Whether a value is a text; a whole number counts as its digits. */
export const saysText = (value: Json, text: string | undefined): boolean =>
  text !== undefined && (Number.isSafeInteger(value) ? String(value) : value) === text;

/** Whether a document has these texts at these places. */
export const sayTheSame = (reading: Reading, document: Json, same: Readonly<Record<string, string>>): boolean =>
  Object.entries(same).every(([pointer, text]) => {
    const made = madeText(reading, text);
    return made !== undefined && atPointer(document, pointer) === made;
  });
