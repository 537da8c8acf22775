import type { Connector } from "../connector/connector.ts";
import { isSpelled } from "../connector/spelling.ts";
import type { Sufficient } from "../refusal.ts";

/**
 * What would have sufficed, as `authorization_details` (RFC 9396) that can be asked for as they stand: a record that was
 * named by its identifier is asked for by it.
 */
export const asDetails = (
  sufficient: readonly Sufficient[],
  { types }: Pick<Connector, "types">,
): readonly Readonly<Record<string, unknown>>[] =>
  sufficient.map(({ type, alias, within, ...more }) => {
    const named = (typeName: string, name: string): object => {
      const identifier = Object.hasOwn(types, typeName) ? types[typeName]?.identifier : undefined;
      return isSpelled(identifier, name) ? { identifier: name } : { alias: name };
    };
    return {
      type,
      ...(alias === undefined ? {} : named(type.split(".").at(-1) ?? "", alias)),
      ...(within === undefined ? {} : { within: { type: within.type, ...named(within.type, within.alias) } }),
      ...more,
    };
  });
