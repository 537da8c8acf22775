import { decodeForm } from "../http-head.ts";
import type { Json } from "../json/read.ts";
import type { KnownAnswers } from "./judge.ts";

/** Answers by `GET /path?query`, whether or not the query is written with percent-encodings. */
export function knownAnswers(known: Readonly<Record<string, Json>>): KnownAnswers {
  const plain = new Map(Object.entries(known).map(([name, answer]) => [plainText(name), answer]));
  return (target) => plain.get(plainText(`GET ${target}`));
}

const plainText = (text: string): string => decodeForm(text) ?? text;
