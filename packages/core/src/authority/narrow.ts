import { err, ok, type Result } from "../result.ts";
import { constraintWithin } from "./constraint.ts";
import type { AskedEntry, Authority, Entry, RecordScope, Where } from "./entry.ts";

/** Parents of a record, proven by resolution: what makes a record count as inside a `within`. */
export type ParentsOf = (
  type: string,
  identifier: string,
) => readonly { readonly type: string; readonly identifier: string }[];

/** Why asked authority does not lie within what is held. */
export interface NarrowFault {
  readonly reason: "none_fits" | "several_fit";
  /** Index of the asked entry. */
  readonly at: number;
}

const noParents: ParentsOf = () => [];

/**
 * Narrows `held` to what is asked. Refuses, never trims: each asked entry must lie within exactly one held entry, from
 * which it inherits the members that it leaves out.
 */
export function narrow(
  held: Authority,
  asked: readonly AskedEntry[],
  parentsOf: ParentsOf = noParents,
): Result<Authority, NarrowFault> {
  const granted: Entry[] = [];
  for (const [at, entry] of asked.entries()) {
    const [fit, ...more] = held
      .map((parent) => narrowEntry(parent, entry, parentsOf))
      .filter((child) => child !== undefined);
    if (fit === undefined) return err({ reason: "none_fits", at });
    if (more.length > 0) return err({ reason: "several_fit", at });
    granted.push(fit);
  }
  return ok(granted);
}

/**
 * Whether every entry of `child` lies within some entry of `parent`, as it stands: nothing is inherited, so a constraint
 * or limit of the parent that the child does not have itself is a no. How ceilings are asked.
 */
export const isWithin = (child: Authority, parent: Authority, parentsOf: ParentsOf = noParents): boolean =>
  child.every((entry) => parent.some((above) => entryWithin(entry, above, parentsOf)));

function entryWithin(entry: Entry, above: Entry, parentsOf: ParentsOf): boolean {
  const narrowed = narrowEntry(above, entry, parentsOf);
  if (narrowed === undefined) return false;
  const { uses } = above.limits;
  if (uses !== undefined && (entry.limits.uses === undefined || entry.limits.uses > uses)) return false;
  return entry.actions.every((action) =>
    Object.keys(above.where[action] ?? {}).every((pointer) => entry.where[action]?.[pointer] !== undefined),
  );
}

function narrowEntry(held: Entry, asked: AskedEntry, parentsOf: ParentsOf): Entry | undefined {
  if (asked.type !== held.type || asked.location !== held.location) return undefined;
  // a name proves nothing: it is resolved first
  if (asked.record.by === "alias" || asked.record.by === "within_alias") return undefined;
  if (!recordWithin(asked.type, asked.record, held.record, parentsOf)) return undefined;
  const actions = asked.actions ?? held.actions;
  const read = asked.fields?.read ?? held.fields.read;
  const write = asked.fields?.write ?? held.fields.write;
  if (!isSubset(actions, held.actions) || !isSubset(read, held.fields.read) || !isSubset(write, held.fields.write))
    return undefined;
  const where = narrowWhere(held.where, asked.where, actions);
  const except = asked.except ?? held.except;
  if (where === undefined || !exceptWithin(asked.record, except, held.except)) return undefined;
  const uses = asked.limits?.uses ?? held.limits.uses;
  if (held.limits.uses !== undefined && (uses === undefined || uses > held.limits.uses)) return undefined;
  const { type, location } = asked;
  const record = withAlias(asked.record, held.record);
  if (record === undefined) return undefined;
  return {
    type,
    location,
    record,
    actions,
    fields: { read, write },
    where,
    except,
    limits: uses === undefined ? {} : { uses },
  };
}

const isSubset = (part: readonly string[], whole: readonly string[]): boolean =>
  part.every((name) => whole.includes(name));

/** One named record is outside all exclusions or it is not; anything wider carries them all. */
function exceptWithin(record: RecordScope, except: readonly string[], held: readonly string[]): boolean {
  return record.by === "identifier" ? !held.includes(record.identifier) : isSubset(held, except);
}

function recordWithin(type: string, asked: RecordScope, held: RecordScope, parentsOf: ParentsOf): boolean {
  if (held.by === "any") return true;
  if (asked.by === "any") return false;
  if (held.by === "identifier") return asked.by === "identifier" && asked.identifier === held.identifier;
  if (asked.by === "within") return asked.type === held.type && asked.identifier === held.identifier;
  return parentsOf(type, asked.identifier).some(
    (parent) => parent.type === held.type && parent.identifier === held.identifier,
  );
}

/** Constraints of actions that are kept stay or tighten; those of actions that are given up fall away. */
function narrowWhere(held: Where, asked: Where | undefined, actions: readonly string[]): Where | undefined {
  const where: Record<string, Where[string]> = {};
  for (const action of actions) {
    const [above, below] = [held[action] ?? {}, asked?.[action]];
    if (below === undefined) {
      if (Object.keys(above).length > 0) where[action] = above;
      continue;
    }
    // a pointer that is left out is inherited, like every other member
    const merged = { ...above, ...below };
    for (const [pointer, constraint] of Object.entries(above)) {
      const child = below[pointer];
      if (child !== undefined && !constraintWithin(child, constraint)) return undefined;
    }
    where[action] = merged;
  }
  const stray = Object.keys(asked ?? {}).some((action) => !actions.includes(action));
  return stray ? undefined : where;
}

/** The held name of a record stays its name: a child neither drops it nor takes another. */
function withAlias(asked: RecordScope, held: RecordScope): RecordScope | undefined {
  if (asked.by === "any" || held.by === "any" || asked.by !== held.by || held.alias === undefined) return asked;
  if (asked.alias !== undefined && asked.alias !== held.alias) return undefined;
  return { ...asked, alias: held.alias };
}
