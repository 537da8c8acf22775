import type { Description } from "./description.ts";
import { editOf, fieldsOf, idsOf } from "./fields.ts";
import type { Described } from "./operations.ts";
import { snake } from "./plain-text.ts";
import { alone, type Part, partsOf, type RecordGuess } from "./records.ts";
import { membersOf, shapeOf, writtenShapeOf } from "./shapes.ts";
import type { Plain } from "./yaml-lines.ts";

type Block = Readonly<Record<string, Plain>>;

/** A piece of a connector, and what a person has to know before switching it on. */
export interface Skeleton {
  readonly name: string;
  readonly block: Block;
  readonly notes: readonly string[];
}

/** What no connector can say about an operation, so that it stays refused. */
export interface Unsaid {
  readonly why: string;
}

const MOST_ANSWER = 1_048_576;

/** A record type without operations. */
export function typeSkeleton(description: Description, guess: RecordGuess): Skeleton {
  const { name, parts } = guess;
  const ids = idsOf(description, guess);
  const path = pathOf(guess.segments, parts);
  const [only] = parts;
  const single = parts.length === 1 && only !== undefined;
  const { fields, links, records, unclear } = fieldsOf(description, guess, ids);
  const unnamed = parts.filter((part) => !ids.has(part.name)).map((part) => `{${part.name}}`);
  const gives = Object.fromEntries([...ids].map(([part, member]) => [`{${part}}`, `/${member}`]));
  return {
    name,
    block: {
      title: name.replaceAll("_", " "),
      identifier: single
        ? patternOf(description, only)
        : {
            text: parts.map((part) => `{${part.name}}`).join("/"),
            parts: Object.fromEntries(parts.map((part) => [part.name, patternOf(description, part)])),
          },
      parents: {},
      ...(single
        ? { resolve: { path, query: {}, id: `/${ids.get(only.name) ?? "id"}`, show: {} } }
        : unnamed.length === 0
          ? { resolve: { steps: [{ paths: [path], query: {}, gives }], show: {} } }
          : {}),
      fields,
      operations: {},
    },
    notes: [
      "patterns are guesses: make them as narrow as the identifiers really are",
      ...(unnamed.length > 0
        ? [
            `the answer does not seem to hold ${unnamed.join(" ")}: find where it says them${single ? "" : ", then add `resolve`"}`,
          ]
        : []),
      ...(records.length > 0 ? [`left out, since they hold or name other records: ${records.join(", ")}`] : []),
      ...(links.length > 0 ? [`left out, since they are addresses: ${links.join(", ")}`] : []),
      ...(unclear.length > 0 ? [`left out, since their shape is not told: ${unclear.join(", ")}`] : []),
    ],
  };
}

/** The one-part short form calls its part `record`. */
function pathOf(segments: Described["segments"], parts: readonly Part[], own: readonly Part[] = []): string {
  const names = [...(parts.length === 1 ? ["record"] : parts.map(({ name }) => name)), ...own.map(({ name }) => name)];
  let index = -1;
  return segments
    .map((segment) => (segment.kind === "parameter" ? `/{${names[(index += 1)] ?? ""}}` : `/${segment.text}`))
    .join("");
}

function patternOf({ follow }: Description, { schema }: Part): string {
  const said = follow(schema);
  if (said?.["type"] === "integer") return "[1-9][0-9]{0,17}";
  if (said?.["format"] === "uuid") return "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
  return "[A-Za-z0-9_-]{1,64}";
}

/** One operation below a record. Names in `taken` are those of the type's other operations. */
export function operationSkeleton(
  description: Description,
  guess: RecordGuess,
  operation: Described,
  taken: ReadonlySet<string>,
): Skeleton | Unsaid {
  if (operation.method === "HEAD" || operation.method === "OPTIONS" || operation.method === "TRACE")
    return { why: `${operation.method} is never passed on` };
  if (operation.segments.some(({ kind }) => kind === "odd"))
    return { why: "its path has more than one value in a segment" };
  const own = partsOf(operation.segments).slice(guess.parts.length);
  const response = responseOf(description, guess, operation);
  if ("why" in response) return response;
  const body = operation === editOf(guess) ? editBody(description, guess, operation) : bodyOf(description, operation);
  if (body !== undefined && "why" in body) return body;
  const name = alone(snake(operation.id.split("/").at(-1) ?? "") || operation.method.toLowerCase(), taken);
  const { query, left } = queryOf(description, operation);
  return {
    name,
    block: {
      action: operation === guess.read ? "read" : operation === editOf(guess) ? "edit" : name,
      title: name.replaceAll("_", " "),
      class: classOf(operation),
      precondition: "none",
      method: operation.method,
      path: pathOf(operation.segments, guess.parts, own),
      ...(own.length > 0 ? { params: paramsOf(description, own) } : {}),
      query,
      ...(body === undefined ? {} : { body: body.block }),
      response: response.block,
    },
    notes: [
      ...(operation.method === "GET"
        ? []
        : ["precondition: see whether the API can refuse a record that changed since"]),
      ...(left.length > 0 ? [`query parameters left out: ${left.join(", ")}`] : []),
      ...(body === undefined || body.left.length === 0
        ? []
        : [`members of the body left out: ${body.left.join(", ")}`]),
    ],
  };
}

function classOf({ method, risks }: Described): string {
  const credentials = risks.some(({ name }) => name === "credentials");
  if (method === "GET") return credentials ? "reveal" : "read";
  if (risks.some(({ name }) => name === "money")) return "money";
  return credentials && method === "POST" ? "mint" : "write";
}

const paramsOf = (description: Description, own: readonly Part[]): Block =>
  Object.fromEntries(
    own.map((part) => [
      part.name,
      { schema: { kind: "string", max: 64, pattern: patternOf(description, part) }, as: `/${part.name}` },
    ]),
  );

function queryOf(description: Description, { query }: Described): { readonly query: Block; readonly left: string[] } {
  const needed = query.flatMap(({ name, required, schema }): [string, Plain][] => {
    const shape = required ? shapeOf(description, schema) : undefined;
    const single = shape !== undefined && /^(?:string|integer|boolean)$/.test(String(shape["kind"]));
    return single ? [[name, { kind: "value", schema: shape, as: `/${snake(name) || "value"}` }]] : [];
  });
  const block = Object.fromEntries(needed);
  return { query: block, left: query.map(({ name }) => name).filter((name) => !Object.hasOwn(block, name)) };
}

/** The body of an edit is the fields that can be written; undefined members make it the operation's own business. */
function editBody(description: Description, guess: RecordGuess, operation: Described): ReturnType<typeof bodyOf> {
  const { fields } = fieldsOf(description, guess, idsOf(description, guess));
  const written = Object.entries(fields).filter(([, field]) => typeof field === "object" && "write" in field);
  if (written.length === 0) return bodyOf(description, operation);
  const names = new Set(written.map(([name]) => name));
  const all = [...(membersOf(description, operation.body?.schema)?.members.keys() ?? [])];
  return { block: { max: 65_536, root: { kind: "fields" } }, left: all.filter((name) => !names.has(name)) };
}

function bodyOf(
  description: Description,
  { body, method }: Described,
): { readonly block: Block; readonly left: readonly string[] } | Unsaid | undefined {
  if (body === undefined || method === "GET") return undefined;
  if (method === "DELETE") return { why: "a DELETE with a body is never passed on" };
  if (body.schema === undefined) return { why: "its body is not JSON" };
  const found = membersOf(description, body.schema);
  if (found === undefined) return { why: "the shape of its body is not told, or is no object" };
  const members: Record<string, Plain> = {};
  const left: string[] = [];
  for (const [name, schema] of found.members) {
    const shape = writtenShapeOf(description, schema);
    if (shape === undefined || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      left.push(found.required.has(name) ? `${name} (needed)` : name);
    else
      members[name] = {
        node: { kind: "value", schema: shape, as: `/${name}` },
        absent: { rule: found.required.has(name) ? "refuse" : "unchanged" },
      };
  }
  return { block: { max: 65_536, root: { kind: "object", members } }, left };
}

function responseOf(
  description: Description,
  guess: RecordGuess,
  operation: Described,
): { readonly block: Block } | Unsaid {
  const { answer } = operation;
  const status = [answer.status];
  if (answer.content === "none") return { block: { kind: "empty", status } };
  if (answer.content === "other") return { why: "its answer is not JSON" };
  const answersRecord = operation === guess.read || (operation === editOf(guess) && answersAsRead(description, guess));
  if (answersRecord) {
    const ids = idsOf(description, guess);
    const [only] = guess.parts;
    if (ids.size === 0 && guess.parts.length > 1) return { why: "its answer does not say which record it is" };
    const id: Plain =
      guess.parts.length === 1
        ? `/${ids.get(only?.name ?? "") ?? "id"}`
        : Object.fromEntries([...ids].map(([part, member]) => [`{${part}}`, `/${member}`]));
    return { block: { kind: "record", status, max: MOST_ANSWER, id, fields: "", keep: {} } };
  }
  const shape =
    operation.method === "GET" ? shapeOf(description, answer.schema) : namesOnly(description, answer.schema);
  if (shape?.["kind"] === "object") return { block: { kind: "value", status, max: MOST_ANSWER, shape } };
  return shape?.["kind"] === "array"
    ? { why: "it answers a list: see listings in the guide, which need a grant of a parent" }
    : { why: "the shape of its answer is not told" };
}

/** Whether the edit answers what the read does. */
function answersAsRead(description: Description, guess: RecordGuess): boolean {
  const [read, edit] = [guess.read, editOf(guess)].map((one) => membersOf(description, one?.answer.schema)?.members);
  return (
    read !== undefined && edit !== undefined && [...idsOf(description, guess).values()].every((id) => edit.has(id))
  );
}

/** Of the answer to a change, what names the thing that was changed or made; all of it where nothing does. */
function namesOnly(description: Description, schema: unknown): Block | undefined {
  const shape = shapeOf(description, schema);
  const members = shape?.["kind"] === "object" ? shape["members"] : undefined;
  if (typeof members !== "object" || Array.isArray(members)) return shape;
  const names = Object.entries(members).filter(([name]) => /^(?:id|number|key|name|uuid|slug)$/i.test(name));
  return names.length === 0 ? shape : { kind: "object", members: Object.fromEntries(names), required: [] };
}
