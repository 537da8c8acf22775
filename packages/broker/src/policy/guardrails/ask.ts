import { type Authority, err, ok, parseHeld, readJson, type Refusal, refuse, type Result } from "@remit/core";
import { type Broker, typesAt } from "../../broker.ts";
import type { Config, TrustPolicy } from "../../config/model.ts";
import type { GrantRow } from "../../store/store.ts";
import { type PolicyQuestion, widest } from "../choose.ts";
import { type Asking, boundsOf, type UpperBound } from "./bound.ts";

type Asked = Pick<Config, "guardrails" | "resources" | "connectors">;

/** Asks every guardrail about the most that an authority allows. Whatever goes wrong in asking is a refusal. */
export function askGuardrails(config: Asked, asking: Asking, authority: Authority): Result<undefined, Refusal> {
  try {
    for (const bound of boundsOf(config, asking, authority)) {
      const verdict = config.guardrails.ask(bound);
      if ("fault" in verdict) return unaskable(verdict.fault);
      if (verdict.forbiddenBy.length > 0) return err(refuse("guardrail_forbids", saying(verdict.forbiddenBy, bound)));
    }
    return ok(undefined);
  } catch (error) {
    return unaskable(String(error));
  }
}

const unaskable = (why: string): Result<never, Refusal> =>
  err(refuse("policy_unavailable", `guardrails could not be asked: ${why}`));

const saying = (names: readonly string[], { action, type }: UpperBound): string =>
  `guardrail ${names.map((name) => `\`${name}\``).join(", ")} forbids \`${action}\` of \`${type}\``;

const hasNone = (config: Asked): boolean => config.guardrails.names.length === 0;

/** Asks about a task that is to begin: what its policy could give at most, whatever the records turn out to be. */
export function askAtBegin(
  { config }: { readonly config: Asked },
  policy: TrustPolicy,
  question: PolicyQuestion,
  { subject, durationMs }: Pick<Asking, "subject" | "durationMs">,
): Result<undefined, Refusal> {
  if (hasNone(config)) return ok(undefined);
  const authority = widest(policy, question);
  if (authority === undefined) return unaskable("the policy that was chosen does not hold the request");
  const { client } = question;
  const asking = { client, actors: [client], subject, policy: policy.policy, depth: policy.depth, durationMs };
  return askGuardrails(config, asking, authority);
}

/** Asks about a grant that was made before. */
export function askAgain({ config }: { readonly config: Asked }, row: GrantRow): Result<undefined, Refusal> {
  if (hasNone(config)) return ok(undefined);
  const json = readJson(row.authority);
  const authority = json.ok ? parseHeld(json.value, typesAt(config, row.resource)) : undefined;
  if (authority?.ok !== true) return unaskable("the authority of the grant is not what the configuration knows now");
  const asking = {
    client: row.clientName,
    actors: [row.clientName],
    subject: row.subjectIdentity,
    policy: row.policyName,
    depth: row.depthLeft,
    durationMs: row.taskEndsMs - row.createdMs,
  };
  return askGuardrails(config, asking, authority.value);
}

/** Asks about a grant that may have been made under other guardrails: those of a process before this one. */
export function askOlder(
  broker: Pick<Broker, "config" | "store" | "startedMs">,
  grant: string,
  jkt: string,
): Result<undefined, Refusal> {
  if (hasNone(broker.config)) return ok(undefined);
  const row = broker.store.read.grant(grant);
  return row === undefined || row.jkt !== jkt || row.createdMs > broker.startedMs
    ? ok(undefined)
    : askAgain(broker, row);
}
