import type { Parts, Spelling } from "../connector/spelling.ts";
import { partNames, printSpelled, readSpelled } from "../connector/spelling.ts";
import type { Expected, IdentityAt } from "../connector/response.ts";
import type { RecordType } from "../connector/connector.ts";
import { atPointer, jsonEqual } from "../json/canonical.ts";
import type { Json } from "../json/read.ts";

/** A name as an answer says it: a text, or a whole number's digits. */
export const nameText = (value: Json | undefined): string | undefined =>
  typeof value === "number" && Number.isSafeInteger(value)
    ? String(value)
    : typeof value === "string" && value.length <= 1_024
      ? value
      : undefined;

/** The parts that an answer gives; undefined where one is not there, is of another form, or differs from what is known. */
export function partsIn(answer: Json, type: RecordType, places: IdentityAt, known: Parts): Parts | undefined {
  const parts: Record<string, string> = { ...known };
  for (const { text, at } of places) {
    const said = nameText(atPointer(answer, at));
    const read = said === undefined ? undefined : readSpelled(spellingOf(type, text), said);
    if (read === undefined) return undefined;
    for (const [name, value] of Object.entries(read)) {
      if (parts[name] !== undefined && parts[name] !== value) return undefined;
      parts[name] = value;
    }
  }
  return parts;
}

const spellings = new WeakMap<RecordType, Map<string, Spelling>>();

/** How a text of some parts of a type's names is spelled. */
function spellingOf(type: RecordType, text: string): Spelling {
  const held = spellings.get(type) ?? new Map<string, Spelling>();
  spellings.set(type, held);
  const known = held.get(text);
  if (known !== undefined) return known;
  const all = { ...type.alias?.parts, ...type.identifier.parts };
  const parts = Object.fromEntries(
    partNames(text).flatMap((name) => {
      const part = all[name];
      return part === undefined ? [] : [[name, part] as const];
    }),
  );
  const made = { text, parts };
  held.set(text, made);
  return made;
}

/** Whether an answer is about the record with this identifier, as far as it says which. */
export const isAbout = (answer: Json, type: RecordType, places: IdentityAt, id: string): boolean => {
  const parts = readSpelled(type.identifier, id);
  return parts !== undefined && places.length > 0 && partsIn(answer, type, places, parts) !== undefined;
};

/** The identifier that an answer says, with the parts that are known otherwise. */
export function identifierIn(answer: Json, type: RecordType, places: IdentityAt, known: Parts): string | undefined {
  const parts = partsIn(answer, type, places, known);
  const id = parts === undefined ? undefined : printSpelled(type.identifier.text, parts);
  return id !== undefined && readSpelled(type.identifier, id) !== undefined ? id : undefined;
}

/** Whether an answer says what answers about this kind of record say. */
export const isExpected = (answer: Json, expected: Expected): boolean =>
  Object.entries(expected).every(([pointer, allowed]) => {
    const value = atPointer(answer, pointer);
    if (allowed === "absent") return value === undefined;
    return value !== undefined && allowed.some((one) => jsonEqual(one, value));
  });

/** The parents that a record's own answer and its own identifier name. */
export function parentsOf(
  type: RecordType,
  id: string,
  answer: Json,
  /** Where they stand in this answer, if not where they stand in the record's own. */
  elsewhere: Readonly<Record<string, string>> = {},
): readonly { readonly type: string; readonly identifier: string }[] {
  const parts = readSpelled(type.identifier, id) ?? {};
  return Object.entries(type.parents).flatMap(([parent, spec]) => {
    const identifier =
      spec.by === "answer"
        ? nameText(atPointer(answer, elsewhere[parent] ?? spec.at))
        : spec.by === "part"
          ? parts[spec.part]
          : undefined;
    return identifier === undefined ? [] : [{ type: parent, identifier }];
  });
}
