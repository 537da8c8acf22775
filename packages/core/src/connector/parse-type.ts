import { isJsonObject, type Json } from "../json/read.ts";
import type { Field, ParentSpec, RecordType, ResolveSpec, ResolveStep } from "./connector.ts";
import { readOperation } from "./parse-operation.ts";
import { readExpected } from "./parse-response.ts";
import { readSchema, type Shapes } from "./parse-schema.ts";
import { schemaAt } from "./schema.ts";
import { type Part, partNames, pieces, type Spelling } from "./spelling.ts";
import { entries, list, members, mistake, oneOf, pattern, pointer, template, text, whole } from "./strict.ts";
import { matchesCharacter } from "./characters.ts";

const MEMBERS = ["title", "identifier", "alias?", "addressed_by?", "parents", "resolve?", "fields", "operations"];

/** Reads one record type. */
export function readRecordType(json: Json, path: string, name: string, shapes: Shapes): RecordType {
  const type = members(json, path, MEMBERS);
  const identifier = readSpelling(type["identifier"], `${path}.identifier`, "id");
  const alias = type["alias"] === undefined ? undefined : readSpelling(type["alias"], `${path}.alias`, "alias");
  const { addressed_by: addressedBy } = type;
  const read = {
    name,
    title: text(type["title"], `${path}.title`),
    identifier,
    ...(alias === undefined ? {} : { alias }),
  };
  return {
    ...read,
    addressedBy: addressedBy === undefined ? "identifier" : oneOf(addressedBy, `${path}.addressed_by`, ["name"]),
    parents: entries(type["parents"], `${path}.parents`, readParent),
    ...(type["resolve"] === undefined
      ? {}
      : { resolve: readResolve(type["resolve"], `${path}.resolve`, alias !== undefined) }),
    fields: entries(type["fields"], `${path}.fields`, (field, at, own) => readField(field, at, own, shapes)),
    operations: entries(type["operations"], `${path}.operations`, (operation, at, own) =>
      readOperation(operation, at, own, shapes),
    ),
  };
}

/** A pattern or several, for names of one part; or a text with its parts. */
function readSpelling(json: Json | undefined, path: string, own: string): Spelling {
  if (!isJsonObject(json))
    return { text: `{${own}}`, parts: { [own]: { patterns: patterns(json, path), segments: 1, never: [] } } };
  const { text: made, parts } = members(json, path, ["text", "parts"]);
  const spelling = { text: text(made, `${path}.text`), parts: entries(parts, `${path}.parts`, readPart) };
  const names = partNames(spelling.text);
  if (new Set(names).size !== names.length || names.toSorted().join() !== Object.keys(spelling.parts).toSorted().join())
    mistake(`${path}.text`, "names each part once");
  checkOneReading(spelling, path);
  return spelling;
}

const patterns = (json: Json | undefined, path: string): readonly string[] =>
  typeof json === "string"
    ? [pattern(json, path)]
    : list(json, path, pattern).length > 0
      ? list(json, path, pattern)
      : mistake(path, "has at least one pattern");

function readPart(json: Json, path: string): Part {
  if (!isJsonObject(json)) return { patterns: patterns(json, path), segments: 1, never: [] };
  const { pattern: source, segments, never } = members(json, path, ["pattern", "segments?", "never?"]);
  const count = segments === undefined ? 1 : whole(segments, `${path}.segments`);
  if (count < 1 || count > 32) mistake(`${path}.segments`, "is from 1 to 32");
  return {
    patterns: patterns(source, `${path}.pattern`),
    segments: count,
    never: list(never ?? [], `${path}.never`, text),
  };
}

/** What parts two parts must not be possible within the first, or a text could be read in two ways. */
function checkOneReading({ text: made, parts }: Spelling, path: string): void {
  const all = pieces(made);
  for (const [index, piece] of all.entries()) {
    const next = all[index + 1];
    const part = parts[piece];
    if (index % 2 === 0 || part === undefined || next === undefined || index + 2 >= all.length) continue;
    const [first] = next;
    if (first === undefined || matchesCharacter(part, first))
      mistake(`${path}.text`, `does not show where \`${piece}\` ends`);
  }
}

function readParent(json: Json, path: string): ParentSpec {
  if (isJsonObject(json) && json["part"] !== undefined)
    return { by: "part", part: text(members(json, path, ["part"])["part"], `${path}.part`) };
  if (isJsonObject(json) && json["listed"] !== undefined) {
    const at = `${path}.listed`;
    const listed = members(members(json, path, ["listed"])["listed"], at, ["path", "query?", "list", "key"]);
    return {
      ...{
        by: "list",
        path: template(listed["path"], `${at}.path`),
        query: entries(listed["query"] ?? {}, `${at}.query`, text),
      },
      ...{ list: pointer(listed["list"], `${at}.list`), key: pointer(listed["key"], `${at}.key`) },
    };
  }
  const { at, ask } = members(json, path, ["at", "ask?"]);
  return {
    by: "answer",
    at: pointer(at, `${path}.at`),
    ...(ask === undefined ? {} : { ask: text(ask, `${path}.ask`) }),
  };
}

function readResolve(json: Json, path: string, hasAlias: boolean): ResolveSpec {
  const long = isJsonObject(json) && json["steps"] !== undefined;
  const loose = members(json, path, [
    ...["show", "version?"],
    ...(long ? ["steps"] : ["path", "query", "id", ...(hasAlias ? ["alias"] : []), "is?"]),
  ]);
  const step = long ? [] : [readShortStep(loose, path)];
  const steps = long ? list(loose["steps"], `${path}.steps`, readStep) : step;
  if (steps.length === 0 || steps.length > 4) mistake(`${path}.steps`, "are one to four reads");
  return {
    steps,
    show: entries(loose["show"], `${path}.show`, (at, where) => pointer(at, where)),
    ...(loose["version"] === undefined ? {} : { version: oneOf(loose["version"], `${path}.version`, ["etag"]) }),
  };
}

/** One read that says both names: for records that are one segment of a path. */
function readShortStep(loose: { readonly [name: string]: Json }, path: string): ResolveStep {
  const alias = loose["alias"];
  return {
    paths: [template(loose["path"], `${path}.path`)],
    query: entries(loose["query"], `${path}.query`, text),
    at: "",
    gives: [
      { text: "{id}", at: pointer(loose["id"], `${path}.id`) },
      ...(alias === undefined ? [] : [{ text: "{alias}", at: pointer(alias, `${path}.alias`) }]),
    ],
    is: readExpected(loose["is"], `${path}.is`),
  };
}

function readStep(json: Json, path: string): ResolveStep {
  const step = members(json, path, ["paths", "query?", "at?", "gives", "is?"]);
  const gives = entries(step["gives"], `${path}.gives`, (at, where) => pointer(at, where));
  return {
    paths: list(step["paths"], `${path}.paths`, template),
    query: entries(step["query"] ?? {}, `${path}.query`, text),
    at: pointer(step["at"] ?? "", `${path}.at`, true),
    gives: Object.entries(gives).map(([made, at]) => ({ text: made, at })),
    is: readExpected(step["is"], `${path}.is`),
  };
}

/** Reads a field of a record. */
function readField(json: Json, path: string, name: string, shapes: Shapes): Field {
  const { title, read, at, write, verbs } = members(json, path, ["title", "read?", "at?", "write?", "verbs?"]);
  return {
    title: text(title, `${path}.title`),
    at: at === undefined ? `/${name}` : pointer(at, `${path}.at`),
    ...(read === undefined ? {} : { read: readSchema(read, `${path}.read`, shapes) }),
    ...(write === undefined ? {} : { write: readWrite(write, `${path}.write`, shapes) }),
    verbs: entries(verbs ?? {}, `${path}.verbs`, (schema, where) => readSchema(schema, where, shapes)),
  };
}

function readWrite(json: Json, path: string, shapes: Shapes): NonNullable<Field["write"]> {
  const { schema: shape, canonical } = members(json, path, ["schema", "canonical"]);
  const schema = readSchema(shape, `${path}.schema`, shapes);
  const at = pointer(canonical, `${path}.canonical`, true);
  // a spelled value with members besides the canonical one would carry something that nobody decides on
  if (at !== "" && (schema.kind !== "object" || Object.keys(schema.members).length !== 1))
    mistake(path, "has exactly the one member that is canonical");
  schemaAt(schema, at);
  // without it the field would be written and no constraint would see with what
  if (at !== "" && schema.kind === "object" && schema.required.length !== 1)
    mistake(`${path}.schema.required`, "names the member that is canonical");
  return { schema, canonical: at };
}
