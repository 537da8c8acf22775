import type { Head } from "../http-head.ts";
import type { Json } from "../json/read.ts";
import type { Operation, OperationRecord } from "../operation.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { err, ok, type Result } from "../result.ts";
import type { CallPrimitives, FormFault, Named, Reading } from "./named.ts";
import { readBody } from "./read-body.ts";
import { readAccept, readParams, readQuery } from "./read-parameters.ts";
import type { Routed } from "./route.ts";

/** No archive is opened where nobody brought the means to. */
export const NO_PRIMITIVES: CallPrimitives = { openArchive: () => undefined };

/** The resource under which a connector's types are granted. */
export interface ResourceName {
  readonly name: string;
  readonly location: string;
}

/**
 * Brings a request to the canonical form of the one operation that it is. Several operations may share a door where
 * their bodies tell them apart; what has no place in exactly one form is refused.
 */
export function nameOperation(
  candidates: readonly Routed[],
  resource: ResourceName,
  head: Head,
  body: Json | undefined,
  primitives: CallPrimitives = NO_PRIMITIVES,
): Result<Named, Refusal> {
  const read = candidates.map((routed) => nameOne(routed, resource, head, body, primitives));
  const fitting = read.filter((each) => each.ok);
  const [first] = fitting;
  if (first !== undefined && fitting.length === 1) return first;
  if (fitting.length > 1) return err(refuse("operation_unknown", "the request is of the form of several operations"));
  return closest(read) ?? err(refuse("operation_unknown", "no operation of the connector has this method and path"));
}

const ORDER = ["operation_unknown", "body_refused", "field_not_granted"];

/** The refusal of the operation that the request was nearest to. */
const closest = (refused: readonly Result<Named, Refusal>[]): Result<Named, Refusal> | undefined =>
  refused.toSorted((one, other) => rank(other) - rank(one))[0];

const rank = (result: Result<Named, Refusal>): number => (result.ok ? -1 : ORDER.indexOf(result.error.code));

function nameOne(
  routed: Routed,
  resource: ResourceName,
  head: Head,
  body: Json | undefined,
  primitives: CallPrimitives,
): Result<Named, Refusal> {
  const { type, spec, named } = routed;
  const fullType = `${resource.name}.${type.name}`;
  const name = `${fullType}.${spec.name}`;
  const reading = createReading(routed, fullType, primitives);
  const fault = readAccept(routed, head) ?? readParams(reading) ?? readQuery(reading, head) ?? readBody(reading, body);
  if (fault !== undefined) return err(refusalOf(fault, name, named));
  const operation: Operation = {
    name,
    location: resource.location,
    class: spec.class,
    records: [ownRecord(reading), ...reading.roles],
    read: [...reading.read].sort(),
    write: [...reading.write].sort(),
    members: reading.members,
    fieldPointers: fieldPointers(routed),
  };
  return ok({ routed, operation, allFields: reading.allFields, lookups: reading.lookups, body });
}

function ownRecord({ routed, fullType, also }: Reading): OperationRecord {
  const { spec, named } = routed;
  return {
    ...{ role: "record", type: fullType, action: spec.action, named, parents: [] },
    ...(also.size === 0 ? {} : { also: [...also].sort() }),
    ...(spec.listOf === undefined ? {} : { listed: spec.listOf }),
  };
}

const pointersOf = new WeakMap<Routed["spec"], readonly string[]>();

function fieldPointers({ type, spec }: Routed): readonly string[] {
  const known = pointersOf.get(spec);
  if (known !== undefined) return known;
  const { response } = spec;
  const pointers = [
    ...Object.entries(type.fields).flatMap(([field, { verbs }]) => [
      `/${field}`,
      ...Object.keys(verbs).map((verb) => `/${field}/${verb}`),
    ]),
    // a list is filtered item by item after it was read, so its call need not name the value that is filtered by
    ...(response.kind === "list" && response.only !== undefined ? [response.only.member] : []),
  ];
  pointersOf.set(spec, pointers);
  return pointers;
}

const createReading = (routed: Routed, fullType: string, primitives: CallPrimitives): Reading => ({
  ...{ routed, fullType, primitives },
  ...{ read: new Set(), write: new Set(), members: {}, lookups: [], also: new Set(), documents: new Map(), roles: [] },
  allFields: true,
});

const refusalOf = (fault: FormFault, operation: string, alias: string): Refusal =>
  refuse(fault.code, fault.detail, { operation, alias, ...(fault.over === undefined ? {} : { over: fault.over }) });
