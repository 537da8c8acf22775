import { type OperationSpec, partNames, type RecordType } from "@remit/core";
import type { Finding, Rule } from "./finding.ts";

/** Answers that are released without being shown to be about the record that was granted. */
export const uncomparedAnswers: Rule = ({ types }) =>
  Object.values(types).flatMap((type) => Object.values(type.operations).flatMap((operation) => judge(type, operation)));

function judge(type: RecordType, operation: OperationSpec): readonly Finding[] {
  const { response } = operation;
  const path = ["types", type.name, "operations", operation.name, "response"];
  const rule = "answer-not-compared";
  if (response.kind === "record" || response.kind === "records") {
    const named = response.id.flatMap(({ text }) => partNames(text));
    const parents = Object.values(type.parents).flatMap((parent) => (parent.by === "part" ? [parent.part] : []));
    const missing = Object.keys(type.identifier.parts).filter(
      (part) => !named.includes(part) && !(response.kind === "records" && parents.includes(part)),
    );
    if (missing.length === 0) return [];
    return [
      {
        ...{ rule, severity: "warning", path: [...path, "id"] },
        what: `\`${operation.name}\` does not compare ${missing.map((part) => `{${part}}`).join(" ")}`,
        why: "an API that answers for another record would be believed",
        fix: 'point at each part of the identifier in the answer, as in `{ "{number}": /number }`',
      },
    ];
  }
  if (response.kind !== "value" || operation.method !== "GET" || Object.keys(response.is).length > 0) return [];
  return [
    {
      ...{ rule, severity: "warning", path },
      what: `\`${operation.name}\` releases an answer in which nothing names the record`,
      why: "an API that answers for another record would be believed",
      fix: "make it a `record` answer with an `id`, or say with `is` what the answer must hold",
    },
  ];
}
