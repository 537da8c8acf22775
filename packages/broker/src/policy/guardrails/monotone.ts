import { err, isJsonObject, type Json, ok, type Result } from "@remit/core";
import { CLASSES, type Vocabulary } from "./vocabulary.ts";

/**
 * Whether a rule may be a guardrail. It is asked once, about the most that a request allows; so a narrower request must
 * never be forbidden where a wider one is allowed. What can be narrowed (fields, classes, records, depth, duration, uses)
 * may only be tested for being there or for being more; what cannot (who, on whose behalf, where) may be tested freely.
 * Closed: an expression that is not listed here is refused.
 */

/** For whom and what a rule speaks at all; undefined: for everything. */
export interface Scope {
  readonly client: string | undefined;
  readonly resource: string | undefined;
  readonly actions: readonly string[] | undefined;
}

/** How a condition behaves as a request widens: it never changes, or it goes from false to true only. */
type Growth = "steady" | "rising";

const IDENTITIES = [
  "principal",
  "action",
  "resource",
  "context.type",
  "context.policy",
  "context.connection",
  "context.subject.issuer",
  "context.subject.id",
];
const SETS = ["context.read", "context.write", "context.classes"];
const MAGNITUDES = ["context.depth", "context.duration", "context.uses"];
const KINDS = ["Client", "Action", "Resource", "RecordType", "Policy", "Connection"];

const SINGLE =
  "guardrails are about kinds of records; a single record, its alias or a parent is `except` or `within` in a ceiling";

/** What is known of a rule that may be a guardrail. */
export interface RuleParts {
  readonly name: string;
  readonly scope: Scope;
  /** Attributes of the context that its conditions read. */
  readonly reads: readonly string[];
}

/** Reads Cedar's JSON form of one rule; the error says what is wrong and what would be right. */
export function readRule(rule: Json, words: Vocabulary): Result<RuleParts, string> {
  if (!isJsonObject(rule)) return err("is not a rule");
  if (rule["effect"] !== "forbid")
    return err("permits, and guardrails only forbid; what is allowed is said by trust policies");
  const name = readName(rule["annotations"]);
  if (!name.ok) return name;
  const scope = readScope(rule);
  if (!scope.ok) return scope;
  const conditions = rule["conditions"];
  if (!Array.isArray(conditions)) return err("has no list of conditions");
  for (const condition of conditions as readonly Json[]) {
    const growth = isJsonObject(condition) ? growthOf(condition["body"], words) : err("has a condition of no kind");
    if (!growth.ok) return growth;
    const kind = isJsonObject(condition) ? condition["kind"] : undefined;
    if (kind !== "when" && kind !== "unless") return err("has a condition that is neither `when` nor `unless`");
    if (kind === "unless" && growth.value !== "steady") return err(NEGATED);
  }
  return ok({ name: name.value, scope: scope.value, reads: readsOf(conditions) });
}

/** The attributes of the context that are read somewhere in this. */
function readsOf(json: Json): readonly string[] {
  if (Array.isArray(json)) return (json as readonly Json[]).flatMap(readsOf);
  if (!isJsonObject(json)) return [];
  const access = json["."];
  const own = isJsonObject(access) && pathOf(access["left"]) === "context" ? [access["attr"]] : [];
  return [...own.filter((name) => typeof name === "string"), ...Object.values(json).flatMap(readsOf)];
}

const NEGATED =
  "would forbid a narrower request where a wider one is allowed: `!` and `unless` stand only before who, on whose behalf and where; say what is too much, with `contains`, `>` or `>=`";

function readName(annotations: Json | undefined): Result<string, string> {
  const known = isJsonObject(annotations) ? annotations : {};
  const odd = Object.keys(known).find((key) => key !== "id");
  if (odd !== undefined) return err(`has an annotation \`@${odd}\`, which means nothing here`);
  const id = known["id"];
  return typeof id === "string" && /^[a-z0-9][a-z0-9-]{0,62}$/.test(id)
    ? ok(id)
    : err('needs a name of small letters, digits and hyphens: put `@id("…")` before it');
}

function readScope(rule: { readonly [name: string]: Json }): Result<Scope, string> {
  const client = named(rule["principal"], "Client");
  const resource = named(rule["resource"], "Resource");
  const action = named(rule["action"], "Action");
  if (!client.ok) return client;
  if (!resource.ok) return resource;
  if (!action.ok) return action;
  return ok({ client: client.value?.[0], resource: resource.value?.[0], actions: action.value });
}

/** The entities that one part of a rule's head names: all, one by `==`, or actions by `in`. */
function named(part: Json | undefined, kind: string): Result<readonly string[] | undefined, string> {
  if (!isJsonObject(part)) return err("has a head that cannot be read");
  if (part["op"] === "All") return ok(undefined);
  const list = part["entities"] ?? [part["entity"] ?? null];
  const several = part["op"] === "in" && kind === "Action";
  if ((part["op"] !== "==" && !several) || !Array.isArray(list))
    return err(`has \`${String(part["op"])}\` in its head; write \`==\`, or \`action in [ … ]\``);
  const ids = (list as readonly Json[]).map((item) => idOf(item, kind));
  const missing = ids.some((id) => id === undefined);
  return missing
    ? err(`names something else than ${kind} in its head; ${SINGLE}`)
    : ok(ids.filter((id) => id !== undefined));
}

const idOf = (entity: Json, kind: string): string | undefined =>
  isJsonObject(entity) && entity["type"] === kind && typeof entity["id"] === "string" ? entity["id"] : undefined;

function growthOf(expression: Json | undefined, words: Vocabulary): Result<Growth, string> {
  const node = only(expression);
  if (node === undefined) return err("has an expression that cannot be read");
  const { kind, body } = node;
  const [left, right] = isJsonObject(body) ? [body["left"], body["right"]] : [];
  switch (kind) {
    case "&&":
    case "||":
      return both(growthOf(left, words), growthOf(right, words));
    case "!":
      return negated(growthOf(isJsonObject(body) ? body["arg"] : undefined, words));
    case "==":
    case "!=":
    case "in":
    case "like":
      return compared(kind, left, right, words);
    case "contains":
    case "containsAny":
    case "containsAll":
      return contained(pathOf(left), kind === "contains" ? [right] : itemsOf(right), words);
    case ">":
    case ">=":
      return more(pathOf(left), right);
    case ".":
      return pathOf(expression) === "context.many"
        ? ok("rising")
        : err(`tests \`${pathOf(expression) ?? "a value"}\`, which is neither true nor false`);
    case "<":
    case "<=":
    case "isEmpty":
      return err(
        `uses \`${kind}\`, which would forbid the narrower and allow the wider; say what is too much, with \`contains\`, \`>\` or \`>=\` and the limit on the right`,
      );
    default:
      return err(`uses \`${kind}\`, which is not known in guardrails`);
  }
}

const both = (one: Result<Growth, string>, other: Result<Growth, string>): Result<Growth, string> =>
  one.ok && other.ok ? ok(one.value === "rising" ? one.value : other.value) : one.ok ? other : one;

const negated = (inner: Result<Growth, string>): Result<Growth, string> =>
  inner.ok && inner.value === "rising" ? err(NEGATED) : inner;

/** Who, on whose behalf and where: the same for every narrower request. */
function compared(
  kind: string,
  left: Json | undefined,
  right: Json | undefined,
  words: Vocabulary,
): Result<Growth, string> {
  const path = pathOf(left);
  if (path === undefined || !IDENTITIES.includes(path))
    return err(
      `uses \`${kind}\` on ${path === undefined ? "something else" : `\`${path}\``}; it is for ${IDENTITIES.join(", ")}, written on the left`,
    );
  if (kind === "like")
    return path === "context.subject.id" ? ok("steady") : err("uses `like`; it is for context.subject.id");
  const literals = kind === "in" ? (itemsOf(right) ?? [right]) : [right];
  for (const literal of literals) {
    const value = valueOf(literal);
    if (typeof value === "string") {
      if (path === "context.subject.issuer" && !words.issuers.includes(value))
        return err(`names the issuer \`${value}\`; known are ${words.issuers.join(", ")}`);
      continue;
    }
    const entity = entityOf(value);
    if (entity === undefined) return err(`compares \`${path}\` with something that is not written out`);
    if (!KINDS.includes(entity)) return err(`names an entity \`${entity}\`; ${SINGLE}`);
  }
  return ok("steady");
}

/** A set that has something: the sets of a narrower request are parts of it. The chain of actors is the same for both. */
function contained(
  path: string | undefined,
  items: readonly (Json | undefined)[] | undefined,
  words: Vocabulary,
): Result<Growth, string> {
  if (path === undefined || (!SETS.includes(path) && path !== "context.actors"))
    return err(
      `looks into ${path === undefined ? "something else" : `\`${path}\``}; \`contains\` is for ${[...SETS, "context.actors"].join(", ")}, written on the left`,
    );
  for (const item of items ?? [undefined]) {
    const value = valueOf(item);
    if (path === "context.actors") {
      if (entityOf(value) !== "Client") return err("looks for something else than a Client among the actors");
      continue;
    }
    const known: readonly string[] = path === "context.classes" ? CLASSES : words.fields;
    if (typeof value !== "string") return err(`looks in \`${path}\` for something that is not written out`);
    if (!known.includes(value)) return err(`looks in \`${path}\` for \`${value}\`; known are ${known.join(", ")}`);
  }
  return ok(path === "context.actors" ? "steady" : "rising");
}

function more(path: string | undefined, right: Json | undefined): Result<Growth, string> {
  if (path === undefined || !MAGNITUDES.includes(path))
    return err(
      `compares ${path === undefined ? "something else" : `\`${path}\``}; \`>\` and \`>=\` are for ${MAGNITUDES.join(", ")}, written on the left`,
    );
  return typeof valueOf(right) === "number"
    ? ok("rising")
    : err(`compares \`${path}\` with something that is not a number`);
}

/** The one kind of an expression, and what is under it. */
function only(expression: Json | undefined): { readonly kind: string; readonly body: Json } | undefined {
  const [entry, ...more] = isJsonObject(expression) ? Object.entries(expression) : [];
  return entry === undefined || more.length > 0 ? undefined : { kind: entry[0], body: entry[1] };
}

/** `context.subject.id` and the like; undefined for anything else. */
function pathOf(expression: Json | undefined): string | undefined {
  const node = only(expression);
  if (node?.kind === "Var") return typeof node.body === "string" ? node.body : undefined;
  if (node?.kind !== "." || !isJsonObject(node.body)) return undefined;
  const [above, attribute] = [pathOf(node.body["left"]), node.body["attr"]];
  return above === undefined || typeof attribute !== "string" ? undefined : `${above}.${attribute}`;
}

function valueOf(expression: Json | undefined): Json | undefined {
  const node = only(expression);
  return node?.kind === "Value" ? node.body : undefined;
}

function itemsOf(expression: Json | undefined): readonly Json[] | undefined {
  const node = only(expression);
  return node?.kind === "Set" && Array.isArray(node.body) ? (node.body as readonly Json[]) : undefined;
}

/** The type of an entity that is written out. */
function entityOf(value: Json | undefined): string | undefined {
  const entity = isJsonObject(value) ? value["__entity"] : undefined;
  const type = isJsonObject(entity) ? entity["type"] : undefined;
  return typeof type === "string" ? type : undefined;
}
