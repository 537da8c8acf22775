import type { Connector, OperationSpec, RecordType } from "../connector/connector.ts";
import type { Head } from "../http-head.ts";

/** A request that is one operation of a connector, by its method and path alone. */
export interface Routed {
  readonly type: RecordType;
  readonly spec: OperationSpec;
  /** The record as the caller spelled it: an identifier or an alias of this type, exactly. */
  readonly named: string;
}

/** Finds the one operation that a method and raw path segments are; undefined for everything that no connector declares. */
export function route(connector: Connector, head: Head, segments: readonly string[]): Routed | undefined {
  for (const type of Object.values(connector.types)) {
    for (const spec of Object.values(type.operations)) {
      if (spec.method !== head.method) continue;
      const named = matchPath(spec.path, segments);
      if (named !== undefined && isNameOf(type, named)) return { type, spec, named };
    }
  }
  return undefined;
}

function matchPath(template: string, segments: readonly string[]): string | undefined {
  const parts = template.slice(1).split("/");
  if (parts.length !== segments.length) return undefined;
  let named: string | undefined;
  for (const [index, part] of parts.entries()) {
    const segment = segments[index];
    if (part === "{record}") named = segment;
    else if (part !== segment) return undefined;
  }
  return named;
}

const patterns = new WeakMap<RecordType, readonly RegExp[]>();

/** Whether a text is spelled as an identifier or an alias of this type. */
export function isNameOf(type: RecordType, named: string): boolean {
  const held =
    patterns.get(type) ??
    [type.identifier, ...(type.alias === undefined ? [] : [type.alias])].map(
      (source) => new RegExp(`^(?:${source})$`, "u"),
    );
  patterns.set(type, held);
  return held.some((pattern) => pattern.test(named));
}
