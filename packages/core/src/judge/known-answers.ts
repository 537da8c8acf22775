import { decodeForm } from "../http-head.ts";
import type { Json } from "../json/read.ts";
import type { KnownAnswers } from "./judge.ts";

/** Answers by `GET /path?query`, whether or not the query is written with percent-encodings; else by `GET /path` alone. */
export function knownAnswers(known: Readonly<Record<string, Json>>): KnownAnswers {
  const plain = new Map(Object.entries(known).map(([name, answer]) => [plainText(name), answer]));
  const at = (target: string): Json | undefined => plain.get(plainText(`GET ${target}`));
  return (target) => {
    const exact = at(target);
    return exact === undefined ? at(target.split("?")[0] ?? "") : exact;
  };
}

const plainText = (text: string): string => decodeForm(text) ?? text;
