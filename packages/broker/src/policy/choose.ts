import {
  type AskedEntry,
  type Authority,
  type Entry,
  err,
  isWithin,
  type Json,
  narrow,
  ok,
  type ParentsOf,
  type Refusal,
  refuse,
  type Result,
} from "@remit/core";
import { type Config, placeholderLocation, type TrustPolicy } from "../config/model.ts";
import { claimsMatch } from "../identity/subject.ts";

/** Who asks, for what, as far as policies look at it. */
export interface PolicyQuestion {
  readonly client: string;
  /** File name of the issuer that signed for the subject. */
  readonly issuer: string;
  readonly claims: Json;
  readonly policy: string | undefined;
  readonly resource: string;
  /** The resource's URL now. */
  readonly location: string;
  readonly asked: readonly AskedEntry[];
}

/** The one policy under which a request may be judged further; decided before anything is resolved. */
export function choosePolicy(config: Config, question: PolicyQuestion): Result<TrustPolicy, Refusal> {
  const mine = [...config.policies.values()].filter((policy) => isFor(policy, question));
  const [fit, ...more] = mine.filter((policy) => widest(policy, question) !== undefined);
  if (fit === undefined)
    return err(
      refuse(
        "policy_none",
        mine.length === 0
          ? "no policy is for this client and subject"
          : "the request lies outside every policy for this client and subject",
      ),
    );
  if (more.length > 0) return err(refuse("policy_ambiguous", `${more.length + 1} policies fit`));
  return fit.needsApproval
    ? err(refuse("approval_unavailable", `policy \`${fit.policy}\` asks for an approval`))
    : ok(fit);
}

function isFor(policy: TrustPolicy, question: PolicyQuestion): boolean {
  if (question.policy !== undefined && policy.policy !== question.policy) return false;
  return (
    policy.client === question.client &&
    policy.subject.issuer === question.issuer &&
    claimsMatch(question.claims, policy.subject.claims)
  );
}

/**
 * The most that a policy could give of what is asked, whatever its records turn out to be; undefined: the request does
 * not lie within it. Records of this authority are placeholders.
 */
export function widest(policy: TrustPolicy, question: PolicyQuestion): Authority | undefined {
  const may = located(policy.may, question);
  const given: Entry[] = [];
  for (const entry of question.asked.map(withPlaceholder)) {
    const narrowed = narrow(mayGive(may, entry).map(ofAnyRecord), [entry]);
    if (!narrowed.ok) return undefined;
    given.push(...narrowed.value);
  }
  return withUses(given, policy.uses);
}

/** A name that is still to be resolved stands for whatever it will turn out to be. */
function withPlaceholder(entry: AskedEntry): AskedEntry {
  const { record } = entry;
  if (record.by === "alias") return { ...entry, record: { by: "identifier", identifier: "?" } };
  return record.by === "within_alias"
    ? { ...entry, record: { by: "within", type: record.type, identifier: "?" } }
    : entry;
}

const ofAnyRecord = (entry: Entry): Entry => ({ ...entry, record: { by: "any" } });

/** `any` gives one record at a time, which the request names; everything of a parent is given where a policy says `within`. */
const mayGive = (may: Authority, { record }: AskedEntry): Authority =>
  record.by === "within" ? may.filter((entry) => entry.record.by === "within") : may;

/** Entries of a file with the resource's URL in the place that was kept for it. */
function located(may: Authority, question: { readonly resource: string; readonly location: string }): Authority {
  const placeholder = placeholderLocation(question.resource);
  return may
    .filter((entry) => entry.location === placeholder)
    .map((entry) => ({ ...entry, location: question.location }));
}

/** Narrows the policy to what was asked, with every record resolved, and holds it against every ceiling. */
export function grantWithin(
  config: Config,
  policy: TrustPolicy,
  question: PolicyQuestion,
  resolved: readonly AskedEntry[],
  parentsOf: ParentsOf,
): Result<Authority, Refusal> {
  const may = located(policy.may, question);
  const narrowed: Entry[] = [];
  for (const [at, entry] of resolved.entries()) {
    const one = narrow(mayGive(may, entry), [entry], parentsOf);
    if (!one.ok)
      return err(refuse("policy_none", `${one.error.reason} for entry ${at} in policy \`${policy.policy}\``));
    narrowed.push(...one.value);
  }
  const granted = withUses(narrowed, policy.uses);
  const over = outside(config, question, granted, parentsOf);
  return over === undefined ? ok(granted) : err(refuse("outside_ceiling", `ceiling \`${over}\``));
}

/** The first ceiling that does not hold an authority. */
function outside(
  config: Config,
  question: { readonly resource: string; readonly location: string },
  authority: Authority,
  parentsOf: ParentsOf,
): string | undefined {
  return [...config.ceilings.values()].find(
    (ceiling) => !isWithin(authority, located(ceiling.may, question), parentsOf),
  )?.name;
}

/** The policy's count of uses is part of what it grants, so a ceiling's count is compared with it. */
const withUses = (authority: Authority, uses: number | undefined): Authority =>
  uses === undefined
    ? authority
    : authority.map((entry) => ({ ...entry, limits: { uses: Math.min(uses, entry.limits.uses ?? uses) } }));
