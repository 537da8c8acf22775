import type { Connector } from "../connector/connector.ts";
import type { MustList } from "./must-list.ts";

/** The side doors of a connector that no row of its must-deny list tries. */
export const openDoors = ({ sideDoors }: Connector, list: MustList): readonly string[] =>
  sideDoors
    .filter(
      ({ method, path }) => !list.rows.some(({ request }) => request.method === method && isAt(path, request.target)),
    )
    .map(({ method, path }) => `${method} ${path}`);

/** Whether a target is at a door: literal segments as they are, and anything but nothing in its places. */
function isAt(door: string, target: string): boolean {
  const [path = ""] = target.split("?");
  const [segments, places] = [path.split("/"), door.split("/")];
  return (
    segments.length === places.length &&
    places.every((place, index) => (place.startsWith("{") ? segments[index] !== "" : segments[index] === place))
  );
}
