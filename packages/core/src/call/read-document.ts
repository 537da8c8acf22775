import type { ArchiveNode, OpaqueNode } from "../connector/body.ts";
import { jsonEqual } from "../json/canonical.ts";
import { isJsonObject, type Json, type JsonObject } from "../json/read.ts";
import { madeText, sayTheSame } from "./made-text.ts";
import { bodyFault, type FormFault, type Reading } from "./named.ts";

export const otherForm = (path: string): FormFault => bodyFault(`\`${path}\` is of another form`);

/** A document that nobody reads, but for members that it never has, or that say what was decided or what an archive says. */
export function readOpaque(reading: Reading, node: OpaqueNode, value: Json, path: string): FormFault | undefined {
  const never = isJsonObject(value) ? node.never.find((name) => Object.hasOwn(value, name)) : undefined;
  if (never !== undefined) return bodyFault(`\`${path}/${never}\` is not part of this operation`);
  if (!sayTheSame(reading, value, node.same)) return otherForm(path);
  const other = unlike(reading, node, value);
  if (other !== undefined) return bodyFault(`\`${path}/${other}\` is not what the archive says`);
  if (node.as !== undefined) reading.members[node.as] = value;
  return undefined;
}

/** The first member in which a value differs from the document that it describes. What is absent in one is absent in both. */
function unlike({ documents }: Reading, { like, members }: OpaqueNode, value: Json): string | undefined {
  if (like === undefined) return undefined;
  const document = documents.get(like.document);
  if (document === undefined || !isJsonObject(value)) return "";
  const names = new Set([...Object.keys(value), ...Object.keys(document)]);
  return [...names].find(
    (name) =>
      !like.except.includes(name) &&
      !Object.hasOwn(members, name) &&
      !jsonEqual(memberIn(value, name), memberIn(document, name)),
  );
}

/** A list can hold an absence and be compared. */
const memberIn = (object: JsonObject, name: string): readonly Json[] => {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  return value === undefined ? [] : [value];
};

/** Opens an archive, and keeps what it says for what is read after it. */
export function readArchiveNode(reading: Reading, node: ArchiveNode, value: Json, path: string): FormFault | undefined {
  const opened = typeof value === "string" ? reading.primitives.openArchive(value, node) : undefined;
  if (opened === undefined) return bodyFault(`\`${path}\` is not an archive of one reading`);
  if (!sayTheSame(reading, opened.document, node.same))
    return bodyFault(`\`${node.document}\` in \`${path}\` says something else`);
  reading.documents.set(node.document, opened.document);
  for (const [pointer, fact] of Object.entries(node.gives)) reading.members[pointer] = opened.facts[fact];
  return undefined;
}

const URL_PATH = /^https?:\/\/[A-Za-z0-9.-]+(?::[0-9]{1,5})?(\/[A-Za-z0-9\-._~!$&'()*+,;=:@%/]*)$/;

/** A URL that ends with a path; where it leads before that is the caller's own view of the API. */
export function readLink(reading: Reading, made: string, value: Json, path: string): FormFault | undefined {
  const end = madeText(reading, made);
  const [, whole] = (typeof value === "string" ? URL_PATH.exec(value) : null) ?? [];
  return end !== undefined && whole?.endsWith(`/${end}`) === true ? undefined : otherForm(path);
}
