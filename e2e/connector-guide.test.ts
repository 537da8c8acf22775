import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { canonicalJson, isJsonObject, type Json, type JsonObject } from "@remit/core";
import { issueToken, startRemit, type TestRemit } from "@remit/testkit";
import { blocksOf, plainData } from "./support/connectors.ts";
import { startLibrary } from "./support/library.ts";
import { type Recorded, startRecorder } from "./support/recorder.ts";

const GUIDE = "docs/connectors.md";

interface Row {
  readonly method: string;
  readonly path: string;
  readonly body?: Json;
  readonly code?: string;
  readonly sent?: { readonly method: string; readonly path: string; readonly body?: Json };
}

/** A must list of the guide: the entries of its one grant, and its rows. */
function mustList(kind: "must-allow" | "must-deny"): { readonly grant: Json; readonly rows: readonly Row[] } {
  const { grants, rows } = plainData(blocksOf(GUIDE, `library.${kind}.yaml`));
  const grant = isJsonObject(grants) ? grants["one-loan"] : undefined;
  if (grant === undefined || !Array.isArray(rows)) throw new Error(`the guide has no ${kind} list`);
  // the rows are the guide's own, and their members are asserted on below
  return { grant, rows: rows as unknown as readonly Row[] };
}

/** The guide's policy, for the testkit's client and issuer, with the renewals of the must lists. */
function policy(): JsonObject {
  const read = plainData(blocksOf(GUIDE, "policies/renew-one-loan.yaml"));
  const subject = { issuer: "test", claims: { groups: "support" } };
  return { ...read, actor: { client: "test-agent" }, subject };
}

test("[connector-tools.guide-works] the connector that the guide makes lets through what its list says, and nothing that its other list says", async () => {
  const folder = mkdtempSync(join(tmpdir(), "remit-guide-"));
  try {
    await using library = await startLibrary(folder);
    await using api = await startRecorder(library.origin);
    await using remit = await startRemit({
      config: {
        "connectors/library.yaml": blocksOf(GUIDE, "library.yaml"),
        "resources/library.yaml": blocksOf(GUIDE, "resources/library.yaml"),
        "policies/renew-one-loan.yaml": policy(),
        "policies/loans-of-one.yaml": {
          ...policy(),
          policy: "loans-of-one",
          may: [{ ...ENTRY, within: { type: "member", identifier: "301" } }],
        },
      },
    });
    const how = ["--connector", "library", "--origin", api.origin, "--form", "bearer", "--insecure-loopback"];
    const connected = await remit.command(["connect", "library", ...how], readFileSync(library.key, "utf8"));
    assert.equal(connected.code, 0, connected.stderr);
    await remit.serving("library");

    const allow = mustList("must-allow");
    const { agent, held } = await issueToken(remit, {
      resource: "library",
      policy: "renew-one-loan",
      authorizationDetails: asked(allow.grant),
    });
    const call = async ({ method, path, body }: Row): Promise<{ readonly status: number; readonly body: Json }> => {
      const response = await agent.fetch(`${held.resource}${path}`, {
        method,
        ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
      });
      return { status: response.status, body: (await response.json()) as Json };
    };
    assert.ok(allow.rows.length >= 3);
    for (const row of allow.rows) {
      const { status, body } = await call(row);
      assert.equal(status, 200, `${row.method} ${row.path}: ${JSON.stringify(body)}`);
      const last = api.requests.at(-1);
      const sent = { method: last?.method, path: last?.path, ...(last?.body ? { body: JSON.parse(last.body) } : {}) };
      assert.equal(canonicalJson(sent as Json), canonicalJson(row.sent ?? null));
      assert.ok(isJsonObject(body));
      assert.deepEqual(Object.keys(body).sort(), ["due", "slip", "title"], "the granted fields, and what is kept");
    }

    const before = api.requests.length;
    const deny = mustList("must-deny");
    assert.deepEqual(deny.grant, allow.grant);
    for (const row of deny.rows) {
      const { body } = await call(row);
      assert.equal(isJsonObject(body) ? body["code"] : "", row.code, `${row.method} ${row.path}`);
    }
    assert.equal(api.requests.length, before, "nothing of it reached the library");
    await withinMember(remit, api.requests);
    const { side_doors: doors } = plainData(blocksOf(GUIDE, "library.yaml"));
    assert.ok(Array.isArray(doors));
    for (const door of doors as readonly JsonObject[])
      assert.ok(
        deny.rows.some(({ method, path }) => `${method} ${path.split("?", 1)[0] ?? ""}` === door["door"]),
        `${String(door["door"])} has a row`,
      );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

const ENTRY = { type: "library.loan", actions: ["read", "edit"], fields: { read: ["due"], write: ["due"] } };

/** Every loan of one member, and of no other: proven by the answer, and kept so by the condition of the write. */
async function withinMember(remit: TestRemit, requests: readonly Recorded[]): Promise<void> {
  const { agent, held } = await issueToken(remit, {
    resource: "library",
    policy: "loans-of-one",
    authorizationDetails: [{ ...ENTRY, within: { type: "member", alias: "C-20431" } }],
  });
  const edit = async (loan: string): Promise<number> => {
    const response = await agent.fetch(`${held.resource}/v1/loans/${loan}`, {
      method: "PATCH",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ due: "2027-01-04" }),
    });
    await response.arrayBuffer();
    return response.status;
  };
  assert.equal(await edit("L-2026-0044"), 200);
  assert.equal(requests.at(-1)?.path, "/v1/loans/5044");
  assert.equal(requests.at(-1)?.headers["if-match"], '"1"', "an atomic write has a condition");
  assert.equal(await edit("L-2026-0043"), 403, "somebody else's");
  assert.equal(requests.at(-1)?.method, "GET", "was only looked at");
}

/** What an agent asks for, so as to hold what the lists are judged under: by the name that people use. */
const asked = (grant: Json): Json =>
  (grant as readonly JsonObject[]).map(({ identifier: _resolved, ...entry }) => entry);
