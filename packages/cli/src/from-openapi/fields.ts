import type { Description } from "./description.ts";
import type { Described } from "./operations.ts";
import { snake } from "./plain-text.ts";
import type { RecordGuess } from "./records.ts";
import { leadsElsewhere, membersOf, shapeOf, writtenShapeOf } from "./shapes.ts";
import type { Plain } from "./yaml-lines.ts";

type Block = Readonly<Record<string, Plain>>;

/** Where the answer to the read names each part: a member of the part's own name, or of its last word. */
export function idsOf(description: Description, { read, parts }: RecordGuess): ReadonlyMap<string, string> {
  const members = [...(membersOf(description, read.answer.schema)?.members ?? [])]
    .filter(([, schema]) => /^(?:string|integer|number)$/.test(String(shapeOf(description, schema)?.["kind"])))
    .map(([name]) => name);
  const pairs = parts.map((part, index): readonly [string, string | undefined] => {
    const words = part.name.split("_");
    const last = index === parts.length - 1 ? ["id", "key", "name", "slug"] : [];
    const candidates = [part.name, ...(words.length > 1 ? words.slice(-1) : []), ...last];
    return [part.name, candidates.flatMap((word) => members.find((member) => snake(member) === word) ?? [])[0]];
  });
  return new Map(pairs.flatMap(([part, member]) => (member === undefined ? [] : [[part, member]])));
}

/** What a guess makes of the members of a record's answer. */
export interface Fields {
  readonly fields: Block;
  readonly links: readonly string[];
  readonly records: readonly string[];
  readonly unclear: readonly string[];
}

/** Fields for the members that say something of the record itself; those that its edit takes can be written. */
export function fieldsOf(description: Description, guess: RecordGuess, ids: ReadonlyMap<string, string>): Fields {
  const { read } = guess;
  const taken = membersOf(description, editOf(guess)?.body?.schema)?.members;
  const fields: Record<string, Plain> = {};
  const left: Record<"link" | "record" | "unclear", string[]> = { link: [], record: [], unclear: [] };
  for (const [name, schema] of membersOf(description, read.answer.schema)?.members ?? []) {
    const elsewhere = leadsElsewhere(description, name, schema);
    const shape = elsewhere === undefined ? shapeOf(description, schema) : undefined;
    if (shape === undefined || !/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) left[elsewhere ?? "unclear"].push(name);
    else if (![...ids.values()].includes(name)) {
      const write =
        leadsElsewhere(description, name, taken?.get(name)) ?? writtenShapeOf(description, taken?.get(name));
      fields[name] = {
        title: snake(name).replaceAll("_", " "),
        read: shape,
        ...(isFlat(write) ? { write: { schema: write, canonical: "" } } : {}),
      };
    }
  }
  return { fields, links: left.link, records: left.record, unclear: left.unclear };
}

const isFlat = (shape: Plain | undefined): shape is Block =>
  typeof shape === "object" && !/"kind":"(?:object|map)"/.test(JSON.stringify(shape));

/** The operation that writes members of the record where they are read: PATCH, else PUT, at the record's own path. */
export function editOf({ operations, segments }: RecordGuess): Described | undefined {
  const own = operations.filter((operation) => operation.segments.length === segments.length);
  return own.find(({ method }) => method === "PATCH") ?? own.find(({ method }) => method === "PUT");
}
