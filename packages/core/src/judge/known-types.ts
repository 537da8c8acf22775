import type { ConnectorLookup } from "../authority/parse.ts";
import type { Connector } from "../connector/connector.ts";

/** The location that stands for a resource where no gateway says its URL. */
export const placeOf = (resource: string): string => `https://gateway.invalid/r/${resource}`;

/** Finds the types of one resource without a gateway: by its connector alone. */
export const knownTypesOf = (
  connector: Connector,
  resource: string,
  location: string = placeOf(resource),
): ConnectorLookup => {
  const prefix = `${resource}.`;
  return (type) => {
    const name = type.startsWith(prefix) ? type.slice(prefix.length) : "";
    const recordType = Object.hasOwn(connector.types, name) ? connector.types[name] : undefined;
    return recordType === undefined ? undefined : { location, connector, recordType };
  };
};
