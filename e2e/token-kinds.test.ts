import assert from "node:assert/strict";
import { test } from "node:test";
import { makeDpopKey, readSuccession } from "@remit/sdk";
import { type FeedType, readSigned } from "../packages/sdk/src/liveness/signed.ts";
import {
  asBot,
  botAssertion,
  type Asked,
  at,
  createAsker,
  EXCHANGE,
  exchangeForm,
  type Form,
  RENEW,
  SESSION,
  START,
  type Told,
  tokenType,
} from "./support/ask.ts";
import { openIssuer } from "./support/issuer.ts";
import { type Kind, type Kinds, LATER_POINT, makeKinds } from "./support/kinds.ts";
import { enrolment, newPointKey } from "./support/point.ts";
import { recordKinds, standing } from "./support/rows.ts";
import { testWorld, withBot, type World } from "./world.ts";

/** Somewhere that takes one kind, and what everything else is told there. */
interface Place {
  readonly what: string;
  readonly takes?: Kind;
  readonly put: (text: string) => Promise<Told>;
  readonly refused: Partial<Told>;
  /** One more of the right kind, where each is good once. */
  readonly fresh?: () => string;
  /** What the right kind is told; the standard's word for success, if nothing else is said. */
  readonly taken?: Partial<Told>;
}

const ISSUE = "/rest/api/3/issue/PROJ-42";

/** Places of the token endpoint. */
function tokenPlaces(world: World, { startKey, holder }: Kinds, ask: (asked: Asked) => Promise<Told>): Place[] {
  const url = at(world, "/token");
  const key = makeDpopKey();
  const subject = (type: string): ((text: string) => Promise<Told>) => {
    const urn = type.startsWith("urn:") ? type : tokenType(type);
    return async (text) => ask({ url, key, form: exchangeForm(world, text, { subject_token_type: urn }) });
  };
  const invalid = { status: 400, error: "invalid_request" };
  const unknownTypes = ["jwt", "refresh_token", "saml2", SESSION].map((type) => ({
    what: `subject_token declared as ${type}`,
    put: subject(type),
    refused: invalid,
  }));
  return [
    { what: "subject_token declared as id_token", takes: "id token", put: subject("id_token"), refused: invalid },
    {
      what: "subject_token declared as access_token",
      takes: "foreign access token",
      put: subject("access_token"),
      refused: invalid,
    },
    ...unknownTypes,
    {
      what: "subject_token of a session",
      put: async (text) =>
        ask({
          ...{ url, key },
          form: {
            ...{ grant_type: EXCHANGE, requested_token_type: SESSION, client_id: "remit-cli" },
            ...{ subject_token: text, subject_token_type: tokenType("id_token") },
          },
        }),
      refused: invalid,
    },
    {
      what: "start",
      takes: "start handle",
      put: async (text) => ask({ url, key: startKey, form: { grant_type: START, start: text } }),
      refused: { status: 400, error: "invalid_grant" },
    },
    {
      what: "grant of a renewal",
      put: async (text) => ask({ url, key: holder, form: { grant_type: RENEW, grant: text } }),
      refused: invalid,
    },
    {
      what: "DPoP at the token endpoint",
      put: async (text) => ask({ url, dpop: text, form: { grant_type: RENEW } }),
      refused: { status: 400, error: "invalid_dpop_proof" },
    },
  ];
}

/** Places where a client proves who it is, or asks about a token. */
function clientPlaces(world: World, { texts, partner }: Kinds, ask: (asked: Asked) => Promise<Told>): Place[] {
  const own = texts["own access token"];
  const authenticating = ["/token", "/introspect", "/revoke"].map((path): Place => {
    const good = (): Form =>
      path === "/token" ? exchangeForm(world, partner.idToken()) : { token: path === "/revoke" ? texts.noise : own };
    return {
      ...{ what: `client_assertion at ${path}`, takes: "client assertion" },
      fresh: () => botAssertion(world),
      put: async (text) =>
        ask({ url: at(world, path), key: makeDpopKey(), form: { ...good(), ...asBot(world, text) } }),
      refused: { status: 401, error: "invalid_client" },
    };
  });
  return [
    ...authenticating,
    {
      what: "token to introspect",
      takes: "own access token",
      put: async (text) => ask({ url: at(world, "/introspect"), form: { token: text, ...asBot(world) } }),
      // a token that is none of ours is no error (RFC 7662 2.2)
      refused: { status: 200, error: undefined, body: { active: false } },
    },
    {
      what: "token to revoke",
      takes: "own access token",
      put: async (text) => ask({ url: at(world, "/revoke"), form: { token: text, ...asBot(world) } }),
      // what is unknown is as good as revoked (RFC 7009 2.2)
      refused: { status: 200, error: undefined, body: {} },
    },
  ];
}

/** Places of the gateway, of the admin API, and of the endpoint that a program under `remit run` sees. */
function callPlaces(world: World, kinds: Kinds, ask: (asked: Asked) => Promise<Told>): Place[] {
  const { holder, sessionKey, texts, endpoint } = kinds;
  const call = `${world.remit.gateway}/r/jira-acme${ISSUE}`;
  const invalidToken = { status: 401, error: "invalid_token" };
  const session = (url: string, json?: unknown): Place["put"] => {
    return async (text) =>
      ask({ url, json, key: sessionKey, token: text, authorization: `DPoP ${text}`, method: json ? "POST" : "GET" });
  };
  return [
    {
      what: "Authorization at the gateway",
      takes: "own access token",
      put: async (text) => ask({ url: call, key: holder, token: text, authorization: `DPoP ${text}` }),
      refused: invalidToken,
    },
    {
      what: "Authorization at the gateway as bearer",
      put: async (text) => ask({ url: call, key: holder, token: text, authorization: `Bearer ${text}` }),
      refused: invalidToken,
    },
    {
      what: "DPoP at the gateway",
      put: async (text) => ask({ url: call, dpop: text, authorization: `DPoP ${texts["own access token"]}` }),
      refused: { status: 401, error: "invalid_dpop_proof" },
    },
    {
      what: "Authorization at /admin",
      takes: "session handle",
      put: session(`${world.remit.broker}/admin/me`),
      refused: invalidToken,
    },
    {
      what: "Authorization at /tasks",
      put: session(at(world, "/tasks"), {}),
      refused: invalidToken,
      takes: "session handle",
      taken: { status: 400, code: "malformed_request" },
    },
    {
      what: "the credential at the endpoint of a run",
      takes: "run handle",
      put: async (text) => ask({ url: `${endpoint.url}${ISSUE}`, authorization: `Bearer ${text}` }),
      refused: { status: 401, error: "remit_endpoint" },
    },
  ];
}

/** Places where enforcement points and the broker meet. */
function pointPlaces(world: World, { point, feedKey }: Kinds, ask: (asked: Asked) => Promise<Told>): Place[] {
  const url = at(world, "/enrol");
  const key = newPointKey();
  const judged = (ok: boolean): Told => ({ status: ok ? 200 : 400, error: undefined, code: undefined, body: {} });
  const told = ({ status, text }: { readonly status: number; readonly text: string }): Told => {
    const body = JSON.parse(text) as Record<string, unknown>;
    return { status, error: body["error"] as string | undefined, code: undefined, body };
  };
  const feeds = Object.entries({
    "feed batch": "remit-feed+jwt",
    "feed snapshot": "remit-snapshot+jwt",
    "challenge answer": "remit-fresh+jwt",
  } as const satisfies Partial<Record<Kind, FeedType>>);
  return [
    {
      what: "handle of an enrolment",
      takes: "boot handle",
      put: async (text) => ask({ url, json: enrolment(world.remit.issuer, text, LATER_POINT, key) }),
      refused: { status: 400, error: "invalid_request", code: "malformed_request" },
    },
    {
      what: "proof of an enrolment",
      put: async (text) =>
        ask({ url, json: { ...enrolment(world.remit.issuer, "rmt_boot_", LATER_POINT, key), proof: text } }),
      refused: { status: 400, error: "invalid_request" },
    },
    {
      what: "answer to a lookup",
      takes: "resolved answer",
      put: async (text) => told(await point.postText("/points/answers", `${text}\n`)),
      refused: { status: 400, error: "invalid_request" },
    },
    {
      what: "token that a point asks about",
      put: async (text) => told(await point.post("/points/introspect", { token: text })),
      refused: { status: 200, body: { active: false } },
    },
    ...feeds.map(([takes, typ]): Place => ({
      what: `${takes} in the sdk`,
      // the keys of this table are kinds, as its type says
      takes: takes as Kind,
      put: async (text) => judged(readSigned(text, typ, feedKey).ok),
      refused: { status: 400 },
    })),
    {
      what: "succession in the sdk",
      takes: "succession",
      put: async (text) => judged(readSuccession(text, world.remit).ok),
      refused: { status: 400 },
    },
  ];
}

const ALLOWED_RECORDS = ["refused", "alarm", "admin"];

test("[tokens.diagonal] each kind of token opens only its own place; everywhere else it gets the standard's error and changes nothing", async () => {
  await using partner = await openIssuer();
  await using world = await testWorld((config, issuer) => {
    withBot(config, issuer);
    partner.trustIn(config);
  });
  await using kinds = await makeKinds(world, partner);
  const ask = createAsker();
  const places = [tokenPlaces, callPlaces, pointPlaces, clientPlaces].flatMap((make) => make(world, kinds, ask));
  const names = Object.keys(kinds.texts) as Kind[];
  let pairs = 0;
  for (const { what, takes, put, refused } of places) {
    const [rows, records, received] = [standing(world), recordKinds(world).length, await world.received()];
    for (const kind of names) {
      if (kind === takes) continue;
      const told = await put(kinds.texts[kind]);
      pairs += 1;
      assert.partialDeepStrictEqual(told, refused, `${kind} as ${what}: ${JSON.stringify(told)}`);
      if (told.status === 200) assert.deepEqual(told.body, refused.body ?? {}, `${kind} as ${what}`);
    }
    assert.deepEqual(standing(world), rows, what);
    assert.equal(await world.received(), received, what);
    const written = recordKinds(world).slice(records);
    assert.deepEqual(
      written.filter((kind) => !ALLOWED_RECORDS.includes(kind)),
      [],
      what,
    );
  }
  assert.ok(pairs > 350, `${pairs} pairs`);
  // last, because what is spent here would be refused above for that reason alone; revocation is last of all
  for (const { what, takes, fresh, put, refused, taken = { status: 200, error: undefined } } of places) {
    if (takes === undefined) continue;
    const told = await put(fresh?.() ?? kinds.texts[takes]);
    assert.partialDeepStrictEqual(told, taken, `${takes} as ${what}: ${JSON.stringify(told)}`);
    assert.ok(what === "token to revoke" || told.status !== refused.status || told.body["active"] === true, what);
  }
  const after = await ask({ url: `${world.remit.gateway}/r/jira-acme${ISSUE}`, key: kinds.holder });
  assert.equal(after.status, 401);
});
