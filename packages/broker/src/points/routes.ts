import type { IncomingMessage, ServerResponse } from "node:http";
import { isJsonObject, type JsonObject, verifyCheckpoint } from "@remit/core";
import type { Feed } from "../feed/feed.ts";
import { readInFlight } from "../feed/in-flight.ts";
import { verifyEd25519 } from "../keys/verify.ts";
import { sha256 } from "../store/frontier.ts";
import type { PointRow, Store } from "../store/store.ts";
import { Answer, malformed, refused } from "./answer.ts";
import { answers } from "./answers.ts";
import { type Channels, readHello } from "./channels.ts";
import { type OwnCalls, ownCalls } from "./own-calls.ts";

/** What the routes work with. */
export interface PointsDesk extends Pick<OwnCalls, "urlOf"> {
  readonly store: Store;
  readonly feed: Feed;
  readonly channels: Channels;
  readonly issuer: string;
  readonly jwks: () => JsonObject;
  readonly bounds: {
    readonly read_ms: number;
    readonly write_ms: number;
    readonly reveal_ms: number;
  };
  readonly introspect: (token: string, point: PointRow) => JsonObject;
  readonly now: () => number;
}

/** A request of an enrolled point, read. */
export interface Asked {
  readonly point: PointRow;
  readonly body: JsonObject;
  readonly query: ReadonlyMap<string, string>;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** One thing that a point may do: the right that it needs, and the members that its body may have. */
export interface Route {
  readonly right: string | undefined;
  /** The members that its body may have; `lines`: it reads its body itself, as it comes. */
  readonly members: readonly string[] | "lines";
  readonly run: (asked: Asked, desk: PointsDesk) => Promise<unknown> | unknown;
}

/** The answer of a route that goes on writing. */
export const STREAMING = Symbol("streaming");

const texts = (body: JsonObject, ...names: readonly string[]): readonly string[] =>
  names.map((name) => {
    const value = body[name];
    if (typeof value !== "string") throw malformed();
    return value;
  });

const count = (value: unknown): number => {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw malformed();
  return value;
};

export const ROUTES: Readonly<Record<string, Route>> = {
  "POST /points/hello": { right: undefined, members: ["base", "log_key", "connections"], run: hello },
  "GET /points/keys": { right: undefined, members: [], run: (_asked, { jwks }) => jwks() },
  "GET /points/feed": { right: "feed", members: [], run: stream },
  "GET /points/feed/snapshot": {
    right: "feed",
    members: [],
    run: (_asked, { feed }) => ({ snapshot: feed.snapshot() }),
  },
  "POST /points/challenge": { right: "feed", members: ["nonce", "applied"], run: challenge },
  "POST /points/seen": { right: "feed", members: ["epoch", "n", "in_flight"], run: seen },
  "POST /points/answers": { right: "resolve", members: "lines", run: answers },
  "POST /points/spend": { right: "spend", members: ["grant", "jti", "count"], run: spend },
  "POST /points/return": { right: "spend", members: ["reservation", "unused"], run: giveBack },
  "POST /points/ship": { right: "ship", members: ["from", "lines", "checkpoint"], run: ship },
  "POST /points/introspect": {
    right: "introspect",
    members: ["token"],
    run: ({ body, point }, { introspect }) => introspect(texts(body, "token").join(""), point),
  },
};

async function hello({ point, body }: Asked, desk: PointsDesk): Promise<unknown> {
  const said = readHello(body);
  if (said === undefined) throw malformed();
  if (!desk.channels.knows(point, said)) {
    const taken = await desk.store.pointHello(point.point, said);
    if (!taken.ok) throw refused(taken.error);
    desk.channels.hello(point, said);
  }
  return {
    point: point.point,
    issuer: desk.issuer,
    now: desk.now(),
    jwks: desk.jwks(),
    ...desk.store.read.position(),
    bounds: desk.bounds,
  };
}

const PING_MS = 10_000;
/** A point that reads no more than this behind is cut off, and comes back for a snapshot. */
const MAX_BEHIND_BYTES = 4_194_304;

function stream({ point, query, response }: Asked, { feed, channels, store, now }: PointsDesk): typeof STREAMING {
  const epoch = Number(query.get("epoch"));
  const after = Number(query.get("after"));
  if (!Number.isSafeInteger(epoch) || !Number.isSafeInteger(after) || after < 0) throw malformed();
  const { epoch: current, n } = store.read.position();
  if (epoch !== current || after > n) throw new Answer(409, { epoch: current, n });
  // it ends with its connection, so that each piece is one record of TLS without frames around it
  response.useChunkedEncodingByDefault = false;
  response.shouldKeepAlive = false;
  response.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
  let lines: string[] = [];
  // what one turn of the event loop has to say is one record of TLS
  const flush = (): void => {
    if (response.destroyed) return;
    response.write(`${lines.join("\n")}\n`);
    lines = [];
    if (response.writableLength > MAX_BEHIND_BYTES) response.destroy();
  };
  const write = (line: string): void => {
    if (lines.push(line) === 1) setImmediate(flush);
  };
  const ends = [
    feed.attend(point.point, after),
    feed.follow(epoch, after, (jws) => write(JSON.stringify({ batch: jws }))),
    channels.open(point, write),
    store.onRevocations(({ items }) => {
      if (items.some(({ id }) => id === point.point)) response.destroy();
    }),
  ];
  const ping = setInterval(() => write(JSON.stringify({ ping: now() })), PING_MS);
  write(JSON.stringify({ ping: now() }));
  response.on("close", () => {
    clearInterval(ping);
    for (const end of ends) end?.();
  });
  return STREAMING;
}

function challenge({ point, body }: Asked, desk: PointsDesk): unknown {
  const [nonce = ""] = texts(body, "nonce");
  if (nonce.length < 16 || nonce.length > 64) throw malformed();
  const { applied } = body;
  if (applied !== undefined && !isJsonObject(applied)) throw malformed();
  // a place of another epoch, or beyond the end, is answered like any other: with where the feed is
  if (applied !== undefined) note(desk, point, applied);
  return { fresh: desk.feed.fresh(nonce) };
}

function seen({ point, body }: Asked, desk: PointsDesk): unknown {
  if (!note(desk, point, body)) throw new Answer(409, { error: "not_reached" });
  return {};
}

/** Notes how far a point is, and what the ends on the way there reached at it. */
function note(desk: PointsDesk, point: PointRow, applied: JsonObject): boolean {
  const reached = applied["in_flight"] === undefined ? [] : readInFlight(applied["in_flight"]);
  if (reached === undefined) throw malformed();
  const at = { epoch: count(applied["epoch"]), n: count(applied["n"]) };
  return desk.feed.seen(point.point, at, ownCalls(desk, point, reached));
}

async function spend({ point, body }: Asked, { store, channels }: PointsDesk): Promise<unknown> {
  const [grant = "", jti = ""] = texts(body, "grant", "jti");
  const wanted = count(body["count"]);
  const row = store.read.grant(grant);
  if (wanted < 1 || wanted > 64) throw malformed();
  // a broker that started anew learns from each point's next hello what it serves
  if (!channels.isMet(point)) throw new Answer(503, { error: "temporarily_unavailable" });
  // a point spends only what is for a resource that it serves; of all else it learns nothing
  if (row === undefined || !channels.serves(point, row.resource)) throw new Answer(403, { error: "not_permitted" });
  const reserved = await store.reserveUses({ grant, jti, count: wanted, point: point.point });
  if (!reserved.ok) throw refused(reserved.error);
  return reserved.value;
}

async function giveBack({ point, body }: Asked, { store }: PointsDesk): Promise<unknown> {
  const [reservation = ""] = texts(body, "reservation");
  const returned = await store.returnUses({
    reservation,
    unused: count(body["unused"]),
    point: point.point,
  });
  if (!returned.ok) throw refused(returned.error);
  return {};
}

async function ship({ point, body }: Asked, { store }: PointsDesk): Promise<unknown> {
  const [checkpoint = ""] = texts(body, "checkpoint");
  const { lines } = body;
  if (!Array.isArray(lines) || !lines.every((line) => typeof line === "string") || point.logKey === undefined)
    throw malformed();
  const key = { name: `remit-point/${point.name}`, key: Buffer.from(point.logKey, "base64url") };
  const note = verifyCheckpoint(checkpoint, key, verifyEd25519, sha256);
  if (!note.ok) throw new Answer(400, { error: `checkpoint_${note.error}` });
  const { size, root } = note.value;
  const taken = await store.ship({
    point: point.point,
    from: count(body["from"]),
    lines,
    checkpoint,
    size,
    root,
  });
  if (!taken.ok) throw refused(taken.error);
  if (!taken.value.taken) throw new Answer(409, { size: taken.value.size });
  return { size: taken.value.size };
}
