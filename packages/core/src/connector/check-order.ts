import type { BodyNode } from "./body.ts";
import type { OperationSpec, RecordType } from "./connector.ts";
import { bodyNodes, membersOf, valuesOf } from "./members.ts";
import { mistake } from "./strict.ts";

/** What is said to equal a value or a document stands after it, because a body is read in the order of its declaration. */
export function checkOrder(type: RecordType, operation: OperationSpec, at: string): void {
  const inBody = bodyNodes(operation).flatMap((node) => valuesOf(node, type));
  const later = new Set(inBody.map(([pointer]) => pointer));
  const known = new Set(membersOf(type, operation).map(([pointer]) => pointer));
  const documents = new Set<string>();
  for (const node of bodyNodes(operation)) {
    // the key of an entry is read before what is in it, and may be made of values itself
    for (const pointer of textsOf(node).flatMap(pointersIn))
      if (!known.has(pointer) || later.has(pointer))
        mistake(`${at}.body`, `\`${pointer}\` is not read before it is used`);
    if (node.kind === "opaque" && node.like !== undefined && !documents.has(node.like.document))
      mistake(`${at}.body`, `\`${node.like.document}\` is not read before it is used`);
    if (node.kind === "archive") documents.add(node.document);
    for (const [pointer] of valuesOf(node, type)) later.delete(pointer);
  }
}

function textsOf(node: BodyNode): readonly string[] {
  switch (node.kind) {
    case "text":
      return [node.text];
    case "link":
      return [node.path];
    case "entry":
      return "text" in node.key ? [node.key.text] : [];
    case "opaque":
    case "archive":
      return Object.values(node.same);
    case "object":
    case "fields":
    case "verbs":
    case "value":
    case "lookup":
    case "constant":
    case "record":
      return [];
  }
}

const pointersIn = (text: string): readonly string[] =>
  [...text.matchAll(/\{(\/[^{}]+)\}/g)].map(([, pointer = ""]) => pointer);
