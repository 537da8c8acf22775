import type { Connector, OperationSpec, RecordType } from "../connector/connector.ts";
import { isSpelled, type Parts, printSpelled, readSpelled, type Spelling } from "../connector/spelling.ts";
import { matchTemplate, type PathTemplate } from "../connector/template.ts";

/** A request that may be one operation of a connector, by its method and path alone. */
export interface Routed {
  readonly connector: Connector;
  readonly type: RecordType;
  readonly spec: OperationSpec;
  /** The record as the caller spelled it: an identifier or an alias, exactly; of a list, the parent's. */
  readonly named: string;
  readonly by: "identifier" | "alias";
  /** Values of the path's other places. */
  readonly params: Parts;
}

interface Door {
  readonly type: RecordType;
  readonly spec: OperationSpec;
  readonly template: PathTemplate;
  /** The type that the path names a record of. */
  readonly named: RecordType;
}

type Doors = ReadonlyMap<string, readonly Door[]>;
const doorsOf = new WeakMap<Connector, Doors>();

/** The operations that a method and raw path segments may be; none for everything that no connector declares. */
export function route(connector: Connector, method: string, segments: readonly string[]): readonly Routed[] {
  const doors = doorsOf.get(connector) ?? indexOf(connector);
  doorsOf.set(connector, doors);
  const near = [...(doors.get(`${method} ${segments.length}`) ?? []), ...(doors.get(`${method} *`) ?? [])];
  const found: Routed[] = [];
  for (const { type, spec, template, named } of near) {
    const values = matchTemplate(template, segments);
    const name = values === undefined ? undefined : nameIn(values, named, spec);
    if (values === undefined || name === undefined || found.some((other) => other.spec === spec)) continue;
    const params = Object.fromEntries(Object.keys(spec.params).flatMap((key) => entryOf(values, key)));
    found.push({ connector, type, spec, params, ...name });
  }
  return found;
}

const entryOf = (values: Parts, key: string): readonly (readonly [string, string])[] => {
  const value = values[key];
  return value === undefined ? [] : [[key, value]];
};

/** Doors by method and number of segments, so that a call looks at few of them. */
function indexOf(connector: Connector): Doors {
  const doors = new Map<string, Door[]>();
  for (const type of Object.values(connector.types)) {
    for (const spec of Object.values(type.operations)) {
      const named = spec.listOf === undefined ? type : connector.types[spec.listOf];
      if (named === undefined) continue;
      for (const template of spec.accept) {
        const wide = template.segments.some((segment) => "part" in segment && segment.many);
        const key = `${spec.method} ${wide ? "*" : template.segments.length}`;
        doors.set(key, [...(doors.get(key) ?? []), { type, spec, template, named }]);
      }
    }
  }
  return doors;
}

/** The record that the places of a path name, by its identifier or by its alias. */
function nameIn(values: Parts, type: RecordType, spec: OperationSpec): Pick<Routed, "named" | "by"> | undefined {
  const { identifier, alias } = type;
  const short = values["record"];
  if (short !== undefined) {
    if (isSpelled(identifier, short)) return { named: short, by: "identifier" };
    return isSpelled(alias, short) ? { named: short, by: "alias" } : undefined;
  }
  const names = Object.keys(values).filter((name) => !Object.hasOwn(spec.params, name));
  const byIdentifier = spelledBy(identifier, names, values);
  if (byIdentifier !== undefined) return { named: byIdentifier, by: "identifier" };
  const byAlias = alias === undefined ? undefined : spelledBy(alias, names, values);
  return byAlias === undefined ? undefined : { named: byAlias, by: "alias" };
}

/** The text that parts make, if they are exactly the parts of a spelling. */
export function spelledBy(spelling: Spelling, names: readonly string[], values: Parts): string | undefined {
  if (
    names.length !== Object.keys(spelling.parts).length ||
    !names.every((name) => Object.hasOwn(spelling.parts, name))
  )
    return undefined;
  const text = printSpelled(spelling.text, values);
  // a text that is made of other parts than it is read into is no name
  const parts = text === undefined ? undefined : readSpelled(spelling, text);
  return parts !== undefined && names.every((name) => parts[name] === values[name]) ? text : undefined;
}

/** Whether a text is spelled as an identifier or an alias of this type. */
export const isNameOf = (type: RecordType, named: string): boolean =>
  isSpelled(type.identifier, named) || isSpelled(type.alias, named);
