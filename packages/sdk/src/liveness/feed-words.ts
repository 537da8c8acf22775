import { hash } from "node:crypto";
import { isJsonObject as isObject, type Json, type JsonObject } from "@remit/core";

export { err, type JsonObject, ok, type Result } from "@remit/core";

/** What the next batch names as its predecessor. */
export const hashOfBatch = (compact: string): string => hash("sha256", compact, "base64url");

/** Whether unknown data that came out of our strict reader is an object. */
export const isJsonObject = (value: unknown): value is JsonObject => isObject(value as Json);
