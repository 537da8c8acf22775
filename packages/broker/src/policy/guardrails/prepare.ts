import { hash } from "node:crypto";
import { callsWith, type UpperBound } from "./bound.ts";
import type { RuleParts, Scope } from "./monotone.ts";
import { cedarSchema, type Vocabulary } from "./vocabulary.ts";

/** The library, loaded only where there are guardrails: it is 4 MB, and most brokers have ceilings alone. */
export type Cedar = typeof import("@cedar-policy/cedar-wasm/nodejs");

export const loadCedar = async (): Promise<Cedar> => import("@cedar-policy/cedar-wasm/nodejs");

/** One rule that was read and may be asked. */
export interface Rule extends RuleParts {
  readonly text: string;
}

/** Who forbids; nobody: it is allowed. A fault is a refusal, whatever it is. */
export type Verdict = { readonly forbiddenBy: readonly string[] } | { readonly fault: string };

/** The guardrails of a configuration, prepared once. */
export interface Guardrails {
  readonly names: readonly string[];
  /** Judges the most that one entry allows of one action. */
  readonly ask: (bound: UpperBound) => Verdict;
}

export const NO_GUARDRAILS: Guardrails = { names: [], ask: () => ({ forbiddenBy: [] }) };

/** Guardrails only take away, so one permit for everything stands beside them. No rule can have its name. */
const PERMIT = { name: " everything", text: "permit (principal, action, resource);" };

const MEMORY = 1_000;

/** Hands rules and schema to Cedar, which keeps them parsed. */
export function prepareGuardrails(cedar: Cedar, rules: readonly Rule[], words: Vocabulary): Guardrails {
  const reads = rules.flatMap((rule) => rule.reads);
  const [schema, callOf] = [cedarSchema(words, reads), callsWith(reads)];
  const staticPolicies = Object.fromEntries([PERMIT, ...rules].map(({ name, text }) => [name, text]));
  const id = hash("sha256", JSON.stringify([schema, staticPolicies]), "base64url");
  const parsed = [cedar.preparsePolicySet(id, { staticPolicies }), cedar.preparseSchema(id, schema)];
  for (const answer of parsed)
    if (answer.type === "failure") throw new Error(`guardrails could not be prepared: ${saidBy(answer.errors)}`);
  const ready = { preparsedPolicySetId: id, preparsedSchemaName: id, validateRequest: true };
  const given = new Map<string, Verdict>();
  const ask = (bound: UpperBound): Verdict => {
    if (!rules.some(({ scope }) => speaksOf(scope, bound))) return { forbiddenBy: [] };
    const call = callOf(bound);
    // the same question has the same answer, and the key is all that Cedar is told; a fault is not kept
    const key = JSON.stringify(call);
    const before = given.get(key);
    if (before !== undefined) return before;
    const verdict = verdictOf(cedar.statefulIsAuthorized({ ...ready, ...call }));
    if ("fault" in verdict) return verdict;
    if (given.size >= MEMORY) given.clear();
    given.set(key, verdict);
    return verdict;
  };
  return { names: rules.map(({ name }) => name), ask };
}

const speaksOf = (scope: Scope, bound: UpperBound): boolean =>
  (scope.client === undefined || scope.client === bound.client) &&
  (scope.resource === undefined || scope.resource === bound.resource) &&
  (scope.actions === undefined || scope.actions.includes(bound.action));

/**
 * Cedar skips a rule whose condition errs, and what it would have forbidden is allowed: so any error is a fault. So is
 * a no without a reason, because we could not say whose it is.
 */
function verdictOf(answer: ReturnType<Cedar["statefulIsAuthorized"]>): Verdict {
  if (answer.type === "failure") return { fault: saidBy(answer.errors) };
  const { decision, diagnostics } = answer.response;
  if (diagnostics.errors.length > 0) return { fault: saidBy(diagnostics.errors.map(({ error }) => error)) };
  if (decision === "allow") return { forbiddenBy: [] };
  return diagnostics.reason.length === 0
    ? { fault: "Cedar denied without a reason" }
    : { forbiddenBy: diagnostics.reason };
}

const saidBy = (errors: readonly { readonly message: string }[]): string =>
  errors.map(({ message }) => message).join("; ");
