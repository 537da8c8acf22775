import type { Knowledge } from "@remit/core";
import type { Place } from "../explain/place.ts";
import type { RecordedCall } from "./har.ts";

/** Both names of a record, where an answer of the recording says them. */
export function namesIn(_place: Place, _calls: readonly RecordedCall[]): Knowledge["names"] {
  return () => undefined;
}
