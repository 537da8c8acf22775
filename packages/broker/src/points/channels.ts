import { randomBytes } from "node:crypto";
import {
  isId,
  isJsonObject,
  type JsonObject,
  readJson,
  readJws,
  readPublicJwk,
  verifyJws,
  type VerifySignature,
} from "@remit/core";
import { verifierOf } from "../keys/verify.ts";
import type { PointHello, PointRow } from "../store/store.ts";

/** What resolution found: the immutable id of a record, its alias, its parents. */
export interface Resolved {
  readonly id: string;
  readonly alias: string;
  readonly parents: readonly { readonly type: string; readonly identifier: string }[];
  readonly shown: JsonObject;
}

export interface ResolveRequest {
  readonly connection: string;
  readonly connector: string;
  readonly type: string;
  readonly named: { readonly alias: string } | { readonly identifier: string };
  readonly show: readonly string[];
}

/** A resource that some connected point serves now. */
export interface ServedResource {
  readonly point: string;
  readonly url: string;
  readonly connection: string;
  readonly connectionName: string;
  readonly connector: string;
  readonly account: string;
}

/** The points that are connected now, what they serve, and how to ask them. */
export interface Channels {
  /** Whether a point said exactly this before, to this process. */
  knows(point: PointRow, hello: PointHello): boolean;
  hello(point: PointRow, hello: PointHello): void;
  /** Whether it is known what a point serves: from its file, or because it told this process. */
  isMet(point: PointRow): boolean;
  open(point: PointRow, write: (line: string) => void): () => void;
  served(resource: string): ServedResource | undefined;
  /** Whether a resource's URL is one that a point serves: by its file, or by the connections that it told of. */
  serves(point: PointRow, url: string): boolean;
  /** As `serves`, for a resource's name; its URL is the one given, or else what the point told of it. */
  servesNamed(point: PointRow, resource: string, url: string | undefined): boolean;
  resolve(request: ResolveRequest, timeoutMs: number): Promise<Resolved | undefined>;
  /** Takes a signed answer. Late ones are for nobody; what this point did not sign is not an answer. */
  answer(point: PointRow, compact: string): "taken" | "for_nobody" | "not_an_answer";
  connected(): readonly string[];
}

interface Channel {
  readonly point: PointRow;
  readonly write: (line: string) => void;
}

interface Pending {
  readonly point: string;
  readonly settle: (resolved: Resolved | undefined) => void;
}

/** Makes the registry of connected points. */
export function createChannels(): Channels {
  const hellos = new Map<string, PointHello>();
  const channels = new Map<string, Channel>();
  const pending = new Map<string, Pending>();
  const keyOf = createPointKeys();
  const serves = (point: PointRow, url: string): boolean => servesUrl(point, hellos.get(point.point), url);
  const servedBy = (resource: string): ServedResource | undefined => {
    for (const [point, channel] of channels) {
      const hello = hellos.get(point);
      const connection = hello?.connections.find((one) => one.resource === resource);
      if (hello === undefined || connection === undefined) continue;
      const url = urlOf(hello, resource);
      if (!serves(channel.point, url)) continue;
      return {
        point,
        url,
        connection: connection.id,
        connectionName: connection.name,
        connector: connection.connector,
        account: connection.account,
      };
    }
    return undefined;
  };
  return {
    knows: (point, hello) => JSON.stringify(hellos.get(point.point)) === JSON.stringify(hello),
    hello: (point, hello) => void hellos.set(point.point, hello),
    isMet: ({ point, serves: told }) => told !== "connected" || hellos.has(point),
    open(point, write) {
      const channel = { point, write };
      channels.set(point.point, channel);
      return () => {
        if (channels.get(point.point) === channel) channels.delete(point.point);
      };
    },
    served: servedBy,
    serves,
    servesNamed: (point, resource, url) =>
      url === undefined ? toldOf(point, hellos.get(point.point), resource) : serves(point, url),
    async resolve(request, timeoutMs) {
      const owner = [...channels.values()].find(({ point }) => resolves(point, hellos.get(point.point), request));
      return owner === undefined ? undefined : ask(owner, pending, request, timeoutMs);
    },
    answer(point, compact) {
      const payload = verified(compact, keyOf(point));
      const nonce = payload?.["nonce"];
      if (payload === undefined || typeof nonce !== "string") return "not_an_answer";
      const asked = pending.get(nonce);
      if (asked?.point !== point.point) return "for_nobody";
      asked.settle(payload["none"] === true ? undefined : readResolved(payload));
      return "taken";
    },
    connected: () => [...channels.keys()],
  };
}

/** Whether a point holds the connection of a request, serves its resource, and may be asked about records. */
function resolves(point: PointRow, hello: PointHello | undefined, request: ResolveRequest): boolean {
  const held = hello?.connections.find(
    ({ id, connector }) => id === request.connection && connector === request.connector,
  );
  if (hello === undefined || held === undefined) return false;
  return point.may.includes("resolve") && servesUrl(point, hello, urlOf(hello, held.resource));
}

/** Whether a URL is one of those in a point's file, or of the connections that it told of. */
const servesUrl = (point: PointRow, hello: PointHello | undefined, url: string): boolean =>
  point.serves === "connected"
    ? hello?.connections.some(({ resource }) => urlOf(hello, resource) === url) === true
    : point.serves.includes(url);

/** Whether a point told of a connection for a resource that it serves. */
const toldOf = (point: PointRow, hello: PointHello | undefined, resource: string): boolean =>
  hello?.connections.some((connection) => connection.resource === resource) === true &&
  servesUrl(point, hello, urlOf(hello, resource));

const urlOf = (hello: PointHello, resource: string): string => `${hello.base}/r/${resource}`;

/** Asks the point that holds the connection, and waits for its signed answer. */
async function ask(
  owner: Channel,
  pending: Map<string, Pending>,
  request: ResolveRequest,
  timeoutMs: number,
): Promise<Resolved | undefined> {
  const nonce = randomBytes(16).toString("base64url");
  const { promise, resolve } = Promise.withResolvers<Resolved | undefined>();
  const timer = setTimeout(() => resolve(undefined), timeoutMs);
  pending.set(nonce, { point: owner.point.point, settle: resolve });
  const { connection, connector, type, named, show } = request;
  owner.write(JSON.stringify({ resolve: { connection, connector, type, ...named, show, nonce } }));
  const resolved = await promise;
  clearTimeout(timer);
  pending.delete(nonce);
  return resolved;
}

/** Imports a point's key once, as long as it is enrolled with it. */
function createPointKeys(): (point: PointRow) => VerifySignature | undefined {
  const held = new Map<string, { readonly text: string; readonly verify: VerifySignature }>();
  return ({ point, key: text }) => {
    const before = held.get(point);
    if (before?.text === text) return before.verify;
    const json = readJson(text);
    const jwk = json.ok ? readPublicJwk(json.value) : undefined;
    if (jwk === undefined) return undefined;
    const verify = verifierOf(jwk);
    held.set(point, { text, verify });
    return verify;
  };
}

/** The payload of what a point signed with its enrolled key. */
function verified(compact: string, verify: VerifySignature | undefined): JsonObject | undefined {
  const jws = readJws(compact, { maxBytes: 16_384 });
  if (!jws.ok || verify === undefined) return undefined;
  const checked = verifyJws(jws.value, { typ: ["remit-resolved+jwt"], alg: ["ES256"], verify });
  return checked.ok ? checked.value.payload : undefined;
}

function readResolved(payload: JsonObject): Resolved | undefined {
  const { id, alias, parents, shown } = payload;
  if (typeof id !== "string" || id === "" || typeof alias !== "string" || alias === "" || !Array.isArray(parents))
    return undefined;
  const read: { type: string; identifier: string }[] = [];
  for (const parent of parents) {
    if (!isJsonObject(parent)) return undefined;
    const { type, identifier } = parent;
    if (typeof type !== "string" || typeof identifier !== "string") return undefined;
    read.push({ type, identifier });
  }
  return { id, alias, parents: read, shown: isJsonObject(shown) ? shown : {} };
}

/** Reads what a point says of itself. */
export function readHello(json: JsonObject): PointHello | undefined {
  const { base, log_key, connections } = json;
  if (typeof base !== "string" || !URL.canParse(base) || !Array.isArray(connections)) return undefined;
  if (log_key !== undefined && (typeof log_key !== "string" || !/^[A-Za-z0-9_-]{43}$/.test(log_key))) return undefined;
  const read: PointHello["connections"][number][] = [];
  for (const item of connections) {
    if (!isJsonObject(item)) return undefined;
    const { id, name, resource, connector, as, account } = item;
    if (!isId("cnx", id) || ![name, resource, connector, as, account].every((value) => typeof value === "string"))
      return undefined;
    read.push({
      id,
      name: String(name),
      resource: String(resource),
      connector: String(connector),
      as: String(as),
      account: String(account),
    });
  }
  return { base: base.replace(/\/$/, ""), logKey: log_key, connections: read };
}
