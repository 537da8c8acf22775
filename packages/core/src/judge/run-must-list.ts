import type { Connector } from "../connector/connector.ts";
import { jsonEqual } from "../json/canonical.ts";
import { readJson } from "../json/read.ts";
import type { Terms } from "../call/decide.ts";
import type { Decided } from "../call/decided.ts";
import type { DecisionPrimitives } from "../call/name-call.ts";
import { judgeRequest, type Judged, sentFor } from "./judge.ts";
import { knownAnswers } from "./known-answers.ts";
import { placeOf } from "./known-types.ts";
import type { Expected, MustList, MustRow, Sent } from "./must-list.ts";

/** What came of one row: `got` is what it came to, in the words of what was expected. */
export interface RowOutcome {
  readonly row: number;
  readonly request: string;
  readonly grant: string;
  readonly passed: boolean;
  readonly expected: string;
  readonly got: string;
}

/** Judges every row of a list as the gateway would. */
export async function* runMustList(
  connector: Connector,
  list: MustList,
  primitives: DecisionPrimitives,
): AsyncGenerator<RowOutcome> {
  for (const [row, must] of list.rows.entries())
    yield { row, ...(await runRow({ connector, primitives }, list, must)) };
}

async function runRow(
  { connector, primitives }: Pick<Terms, "connector" | "primitives">,
  list: MustList,
  must: MustRow,
): Promise<Omit<RowOutcome, "row">> {
  const { grant, request, expected } = must;
  const authority = list.grants[grant] ?? [];
  const resource = { name: connector.name, location: placeOf(connector.name) };
  const judged = await judgeRequest({ connector, resource, authority, primitives }, request, knownAnswers(list.known));
  return {
    request: `${request.method} ${request.target}`,
    grant,
    passed: isAsExpected(judged, expected),
    expected: "code" in expected ? `refused with ${expected.code}` : expected.sent.map(sentText).join(", "),
    got: gotText(judged),
  };
}

function isAsExpected(judged: Judged, expected: Expected): boolean {
  if ("code" in expected) return judged.decision === "refused" && judged.refusal.code === expected.code;
  if (judged.decision !== "allowed") return false;
  const all = [judged.decided, ...judged.others];
  return (
    all.length === expected.sent.length &&
    expected.sent.every((one, index) => {
      const decided = all[index];
      return decided !== undefined && isSent(one, decided);
    })
  );
}

function isSent(expected: Sent, decided: Decided): boolean {
  const { method, target, body } = sentFor(decided);
  const sent = body === undefined ? undefined : readJson(body);
  const sameBody =
    sent === undefined || expected.body === undefined
      ? sent === undefined && expected.body === undefined
      : sent.ok && jsonEqual(sent.value, expected.body);
  return method === expected.method && target === expected.path && sameBody;
}

function gotText(judged: Judged): string {
  if (judged.decision === "refused") return `refused with ${judged.refusal.code}: ${judged.refusal.detail}`;
  if (judged.decision === "allowed") {
    const all = [judged.decided, ...judged.others].map(sentFor);
    return `let through: ${all.map(({ target, ...sent }) => sentText({ ...sent, path: target })).join(", ")}`;
  }
  const { on } = judged;
  return on.what === "lookup"
    ? `depends on what \`${on.open.key}\` means; \`known\` lacks \`GET ${on.open.lookup.path.text}\` for the record`
    : `depends on what ${on.type} \`${on.name}\` is part of; \`known\` lacks \`GET ${on.target}\``;
}

const sentText = ({
  method,
  path,
  body,
}: {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}): string => {
  const printed = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  return `${method} ${path}${printed === undefined ? "" : ` ${printed}`}`;
};
