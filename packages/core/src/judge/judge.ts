import { permits } from "../authority/permits.ts";
import { decideCall, missingApproval, type Reads, type Terms } from "../call/decide.ts";
import type { Decided } from "../call/decided.ts";
import { listIn, meaningIn, withMeanings } from "../call/meaning.ts";
import type { Ask } from "../call/find-record.ts";
import { readJsonBody } from "../call/json-body.ts";
import type { Named, OpenLookup } from "../call/named.ts";
import { proveRecord } from "../call/prove.ts";
import { rebuild, type UpstreamRequest } from "../call/rebuild.ts";
import { readSpelled } from "../connector/spelling.ts";
import { printTemplate } from "../connector/template.ts";
import { type Head, readHead } from "../http-head.ts";
import type { Json, JsonLimits } from "../json/read.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { err, ok, type Result } from "../result.ts";

/** A request as a client would send it, to a path below the resource. */
export interface RawRequest {
  readonly method: string;
  /** Raw path and query. */
  readonly target: string;
  /** Names and values in turn, as written; `Host` and a length are added where they are not there. */
  readonly rawHeaders: readonly string[];
  readonly body: Uint8Array | undefined;
}

/** What only the API can say: what a key of the request means, or what a record is part of. */
export type Unknown =
  | { readonly what: "lookup"; readonly open: OpenLookup; readonly named: Named }
  | {
      readonly what: "place";
      readonly type: string;
      readonly name: string;
      readonly operation: string;
      /** The path and query of the read that would say it. */
      readonly target: string;
    };

/** What the gateway would do with a request before anything is sent. */
export type Judged =
  | { readonly decision: "allowed"; readonly decided: Decided }
  | { readonly decision: "refused"; readonly refusal: Refusal }
  | { readonly decision: "depends"; readonly on: Unknown };

/** The answers of the API that are known, by path and query of the GET; `null`: it has nothing there. */
export type KnownAnswers = (target: string) => Json | undefined;

export const nothingKnown: KnownAnswers = () => undefined;

/** What is sent for an allowed call. */
export const sentFor = ({ named, pinnedId, entry, inside, roles }: Decided): UpstreamRequest =>
  rebuild(named, pinnedId, entry, inside?.ask, roles);

/** Says what the gateway would do with a request of an authenticated caller, by the gateway's own functions. */
export async function judgeRequest(terms: Terms, request: RawRequest, known: KnownAnswers): Promise<Judged> {
  const head = headOf(terms, request);
  if (!head.ok) return { decision: "refused", refusal: head.error };
  let open: Unknown | undefined;
  const left = (unknown: Unknown): Result<never, Refusal> => {
    open = unknown;
    return err(refuse("upstream_failed", "not known here"));
  };
  const decided = await decideCall(
    terms,
    { head: head.value, segments: head.value.segments.slice(2), readBody: bodyReader(head.value, request.body) },
    readsOf(terms, known, left),
  );
  if (open !== undefined) return { decision: "depends", on: open };
  if (!decided.ok) return { decision: "refused", refusal: decided.error };
  const missing = missingApproval(decided.value);
  if (missing !== undefined) return { decision: "refused", refusal: missing };
  return { decision: "allowed", decided: decided.value };
}

function headOf({ resource }: Terms, { method, target, rawHeaders, body }: RawRequest): Result<Head, Refusal> {
  const names = rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
  const framed = names.includes("content-length") || names.includes("transfer-encoding");
  const head = readHead({
    method,
    // what does not begin like a path is left to the reader, which refuses it
    url: target.startsWith("/") ? `/r/${resource.name}${target}` : target,
    rawHeaders: [
      ...(names.includes("host") ? [] : ["Host", "gateway.invalid"]),
      ...rawHeaders,
      ...(body === undefined || framed ? [] : ["Content-Length", String(body.length)]),
    ],
  });
  if (!head.ok) return err(refuse("head_refused", head.error));
  return head.value.headers.has("origin") ? err(refuse("head_refused", "host or origin")) : head;
}

const bodyReader =
  ({ headers }: Head, body: Uint8Array | undefined) =>
  async (limits: JsonLimits): Promise<Result<Json | undefined, Refusal>> => {
    if (body === undefined || body.length === 0) return Promise.resolve(ok(undefined));
    const read =
      body.length > limits.bytes
        ? err(refuse("body_refused", "larger than the operation takes"))
        : readJsonBody(headers, body, limits);
    return Promise.resolve(read);
  };

function readsOf(terms: Terms, known: KnownAnswers, left: (unknown: Unknown) => Result<never, Refusal>): Reads {
  let operation = "";
  return {
    named: (name) => (operation = name),
    recall: () => undefined,
    lookUp: async (named, pinnedId) => Promise.resolve(lookUpIn(terms, known, left, named, pinnedId)),
    prove: async (type, named, outside) => {
      const missing: string[] = [];
      const proof = await proveRecord(terms, { type, named, outside }, askOf(known, missing));
      const [target] = missing;
      return proof.ok || target === undefined
        ? proof
        : left({ what: "place", type: type.name, name: named, operation, target });
    },
  };
}

/** Asks what is known, and notes what is not. */
const askOf =
  (known: KnownAnswers, missing: string[]): Ask =>
  async (target) => {
    const answer = known(target);
    if (answer === undefined) missing.push(target);
    const found = answer !== undefined && answer !== null;
    return Promise.resolve(ok({ status: found ? 200 : 404, etag: '"known"', json: ok(answer ?? undefined) }));
  };

function lookUpIn(
  { authority }: Terms,
  known: KnownAnswers,
  left: (unknown: Unknown) => Result<never, Refusal>,
  named: Named,
  pinnedId: string,
): Result<Named, Refusal> {
  const found: Record<string, string> = {};
  let unknown: OpenLookup | undefined;
  for (const open of named.lookups) {
    const told = lookupTargets(open, named, pinnedId)
      .map(known)
      .find((answer) => answer !== undefined);
    const list = listIn(open, told);
    if (list === undefined) unknown ??= open;
    found[open.as] = meaningIn(open, list ?? []);
  }
  const complete = withMeanings(named, found);
  // what is permitted with a meaning that nobody was granted is permitted whatever the key means
  const isOpen = unknown !== undefined && !permits(authority, complete.operation).ok;
  return isOpen && unknown !== undefined ? left({ what: "lookup", open: unknown, named }) : ok(complete);
}

/** Where the meaning of a key is asked for: the gateway asks by the pinned id, and others may have asked by the name. */
const lookupTargets = (
  { lookup }: OpenLookup,
  { routed: { type, named } }: Named,
  pinnedId: string,
): readonly string[] =>
  [pinnedId, named].flatMap(
    (name) => printTemplate(lookup.path, { ...readSpelled(type.identifier, name), record: name }) ?? [],
  );
