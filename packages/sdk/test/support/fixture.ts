import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import {
  type Connector,
  type ConnectorLookup,
  type Json,
  type JsonObject,
  type KnownType,
  makeId,
  parseConnector,
  SeenSet,
  Secret,
  signJws,
} from "@remit/core";
import {
  createNonces,
  createVerifier,
  type DpopKey,
  dpopProof,
  makeDpopKey,
  NONCE_LIFE_SECONDS,
  type Nonces,
  sha256,
  signerOf,
  type Standing,
  type Verifier,
} from "../../src/index.ts";

export const ISSUER = "http://127.0.0.1:7420/i/test";
export const RESOURCE = "http://127.0.0.1:7421/r/jira-acme";
export const URL_OF_CALL = `${RESOURCE}/rest/api/3/issue/PROJ-42`;
export const KID = "token-key-1";
/** Seconds. */
export const NOW = 1_795_478_400;

const text: Json = { kind: "string", max: 255 };
const operation = (name: string, method: "GET" | "PUT"): Json => ({
  action: name,
  title: name,
  class: name === "read" ? "read" : "write",
  precondition: "none",
  method,
  path: "/rest/api/3/issue/{record}",
  query: {},
  response: { kind: "empty", status: [204] },
});

const parsed = parseConnector(
  {
    connector: "jira",
    title: "Jira",
    inject: ["basic"],
    environment: { base_url: [], credential: [], constants: {} },
    types: {
      issue: {
        title: "issue",
        identifier: "[1-9][0-9]{0,17}",
        alias: "[A-Z]{1,9}-[1-9][0-9]{0,8}",
        parents: {},
        resolve: { path: "/x/{record}", query: {}, id: "/id", alias: "/key", show: {} },
        fields: {
          summary: { title: "summary", read: text },
          priority: { title: "priority", read: text },
        },
        operations: { read: operation("read", "GET"), edit: operation("edit", "PUT") },
      },
    },
  },
  sha256,
);
if (!parsed.ok) throw new Error(parsed.error);
const connector: Connector = { ...parsed.value, digest: "jira@sha256-test" };

const issueAt = (location: string): KnownType | undefined => {
  const recordType = connector.types["issue"];
  return recordType === undefined ? undefined : { location, connector, recordType };
};

/** Where the point's other resource is. */
export const OTHER_RESOURCE = `${RESOURCE}-two`;

/** Knows the types of two resources, as a point that serves both does. */
export const lookup: ConnectorLookup = (type) => {
  if (type === "jira-acme.issue") return issueAt(RESOURCE);
  return type === "jira-two.issue" ? issueAt(OTHER_RESOURCE) : undefined;
};

export const p256 = (): KeyObject => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
export const id = (prefix: Parameters<typeof makeId>[0], last = 1): string =>
  makeId(prefix, NOW * 1000, new Uint8Array(10).fill(last));

export const DETAILS = [
  {
    type: "jira-acme.issue",
    locations: [RESOURCE],
    identifier: "10442",
    alias: "PROJ-42",
    actions: ["read"],
    fields: { read: ["summary"], write: [] },
  },
];

export const claimsFor = (jkt: string): JsonObject => ({
  iss: ISSUER,
  aud: RESOURCE,
  sub: id("usr"),
  sub_id: { format: "iss_sub", iss: "https://idp.example", sub: "ada" },
  act: { iss: ISSUER, sub: id("agt") },
  client_id: "triage-bot",
  jti: id("tok"),
  iat: NOW,
  nbf: NOW,
  exp: NOW + 120,
  cnf: { jkt },
  task: id("tsk"),
  grants: [id("grn")],
  depth: { left: 0 },
  live: [id("tsk"), id("grn"), id("usr"), id("agt"), id("cli"), id("pol"), id("cnr"), id("cnx")],
  connector: connector.digest,
  connection: id("cnx"),
  authorization_details: DETAILS,
});

export const HEADER = { typ: "at+jwt", alg: "ES256", kid: KID };

/** A compact JWS of any header and payload, signed by this key. */
export const jws = (header: JsonObject, payload: JsonObject, key: KeyObject): string =>
  signJws(header, payload, signerOf(key).sign);

/** A compact JWS whose header and payload are these exact texts. */
export function rawJws(header: string, payload: string, key: KeyObject): string {
  const input = [header, payload].map((part) => Buffer.from(part).toString("base64url")).join(".");
  return `${input}.${Buffer.from(signerOf(key).sign(input)).toString("base64url")}`;
}

/** What a test may turn: the clock, freshness, what is dead, the keys. */
export interface Scene {
  readonly verifier: Verifier;
  readonly nonces: Nonces;
  readonly signing: KeyObject;
  readonly holder: DpopKey;
  readonly keys: Map<string, KeyObject>;
  readonly present: {
    nowMs: number;
    uncertaintyMs: number;
    monotonicMs: number;
    fresh: boolean;
    dead: readonly string[];
  };
  token(claims?: JsonObject, header?: JsonObject): string;
  proof(token: string, over?: ProofOver): string;
  call(token: string, proof: string | undefined): ReturnType<Verifier["verify"]>;
}

export interface ProofOver {
  readonly key?: DpopKey;
  readonly header?: JsonObject;
  readonly payload?: JsonObject;
  readonly without?: string;
}

export function scene(options: { readonly seen?: number; readonly memory?: number } = {}): Scene {
  const signing = p256();
  const holder = makeDpopKey();
  const present = {
    nowMs: NOW * 1000 + 500,
    uncertaintyMs: 1,
    monotonicMs: 1_000_000,
    fresh: true,
    dead: [] as readonly string[],
  };
  const keys = new Map([[KID, publicOf(signing)]]);
  const standing: Standing = {
    isLive: (ids) => !ids.some((one) => present.dead.includes(one)),
    isFresh: () => present.fresh,
    brokerTime: () => present,
  };
  const nonces = createNonces(() => present.monotonicMs);
  const verifier = createVerifier({
    issuer: ISSUER,
    resource: RESOURCE,
    keyOf: (kid) => keys.get(kid),
    lookup,
    standing,
    nonces,
    seen: new SeenSet(options.seen ?? 1_000, NONCE_LIFE_SECONDS),
    memory: options.memory ?? 100,
  });
  const scened: Scene = {
    ...{ verifier, nonces, signing, holder, keys, present },
    token: (claims = {}, header = HEADER) => jws(header, { ...claimsFor(holder.jkt), ...claims }, signing),
    proof: (token, over = {}) => proofFor(scened, token, over),
    call: (token, proof) =>
      verifier.verify({
        method: "GET",
        url: URL_OF_CALL,
        authorization: `DPoP ${token}`,
        dpop: proof,
      }),
  };
  return scened;
}

export const publicOf = (key: KeyObject): KeyObject => createPublicKey(key);

function proofFor(of: Scene, token: string, over: ProofOver): string {
  const key = over.key ?? of.holder;
  const good = dpopProof({
    key,
    method: "GET",
    url: URL_OF_CALL,
    nonce: of.nonces.current(),
    accessToken: new Secret(token),
    now: of.present.nowMs,
  });
  if (over.header === undefined && over.payload === undefined && over.without === undefined) return good;
  const [head = "", body = ""] = good.split(".");
  const read = (part: string): Record<string, JsonObject[string]> =>
    JSON.parse(Buffer.from(part, "base64url").toString());
  const header = { ...read(head), ...over.header };
  const payload = { ...read(body), ...over.payload };
  if (over.without !== undefined) {
    delete header[over.without];
    delete payload[over.without];
  }
  return jws(header, payload, key.privateKey);
}

/** The code and the recorded reason, or `ok`. */
export const outcome = (result: ReturnType<Scene["call"]>): string =>
  result.ok ? "ok" : `${result.error.code}: ${result.error.detail}`;
