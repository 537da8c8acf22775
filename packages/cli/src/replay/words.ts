import type { Authority, Judged } from "@remit/core";
import { dependsText, refusalText } from "../explain/words.ts";
import type { RecordedCall } from "./har.ts";
import { plainPath } from "./redact.ts";

/** One call that would not have been allowed, in words that hold no credential. */
export interface Line {
  readonly call: number;
  readonly request: string;
  readonly code: string;
  readonly reason: string;
  /** No operation of the connector describes it. */
  readonly undescribed: boolean;
}

/** Why a call would not have been allowed; undefined: it would. */
export function lineOf(
  call: RecordedCall,
  judged: Judged,
  authority: Authority,
  redacted: (text: string) => string,
): Line | undefined {
  const redact = (text: string): string => inOneLine(redacted(text));
  const path = redact(`${call.method} ${plainPath(call.target)}`);
  if (call.lacksBody && judged.decision !== "allowed")
    return {
      ...{ call: call.number, request: path, code: "unknown", undescribed: false },
      reason: "the recording does not hold its body",
    };
  if (judged.decision === "allowed") return undefined;
  if (judged.decision === "depends") {
    const { on } = judged;
    const [operation, record] =
      on.what === "place" ? [on.operation, on.name] : [on.named.operation.name, on.named.routed.named];
    return {
      ...{ call: call.number, request: redact(`${operation} on ${record}`), code: "depends", undescribed: false },
      reason: redact(dependsText(on, authority)),
    };
  }
  const { refusal } = judged;
  const { operation, alias, code } = refusal;
  return {
    ...{ call: call.number, code, undescribed: code === "operation_unknown" && operation === undefined },
    request: operation === undefined ? path : redact(`${operation} on ${alias ?? "?"}`),
    reason: redact(refusalText(refusal)),
  };
}

/** What a recording calls things may hold line breaks, which would make lines that nobody said. */
const inOneLine = (text: string): string =>
  text.replaceAll(/[\t\r\n]/g, (character) => `\\u000${character.charCodeAt(0).toString(16)}`);

export const linesText = (lines: readonly Line[]): readonly string[] =>
  lines.map(({ call, request, reason }) => `  ${String(call).padStart(4)}  ${request}: ${reason}`);
