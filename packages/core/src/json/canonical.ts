import { isJsonObject, type Json, type JsonObject } from "./read.ts";

/**
 * The one text of a JSON value: the JSON Canonicalization Scheme (RFC 8785). What has no such text (a number that is not
 * finite, an ill-formed string) is a fault of the caller and throws, for what is printed here is signed or hashed.
 */
export function canonicalJson(value: Json): string {
  if (typeof value === "string") return printString(value);
  if (typeof value === "number" && !Number.isFinite(value))
    throw new RangeError("a number that is not finite has no JSON text");
  if (Array.isArray(value)) return printItems(value);
  return isJsonObject(value) ? printMembers(value) : JSON.stringify(value);
}

function printItems(items: readonly Json[]): string {
  let text = "[";
  for (const item of items) text += text.length === 1 ? canonicalJson(item) : `,${canonicalJson(item)}`;
  return `${text}]`;
}

function printMembers(members: JsonObject): string {
  let text = "{";
  for (const name of Object.keys(members).sort()) {
    const member = members[name];
    if (member !== undefined) text += `${text.length === 1 ? "" : ","}${printString(name)}:${canonicalJson(member)}`;
  }
  return `${text}}`;
}

function printString(text: string): string {
  if (!text.isWellFormed()) throw new RangeError("an ill-formed string has no JSON text");
  return JSON.stringify(text);
}

/** Whether two JSON values are the same value: order of members does not matter, order of items does. */
export const jsonEqual = (one: Json, other: Json): boolean =>
  one === other || canonicalJson(one) === canonicalJson(other);

/** The value at a JSON pointer (RFC 6901); undefined where there is none, or the text is not a pointer. */
export function atPointer(value: Json, pointer: string): Json | undefined {
  if (pointer === "") return value;
  if (!pointer.startsWith("/") || /~(?![01])/.test(pointer)) return undefined;
  let here: Json | undefined = value;
  for (const part of pointer.slice(1).split("/")) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(here)) here = /^(?:0|[1-9][0-9]*)$/.test(name) ? here[Number(name)] : undefined;
    else if (isJsonObject(here)) here = Object.hasOwn(here, name) ? here[name] : undefined;
    else return undefined;
  }
  return here;
}
