import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { remit } from "@remit/testkit";
import { type Call, recording } from "./support/recording.ts";

const TRACKER = join(import.meta.dirname, "..", "packages", "cli", "test", "fixtures", "tracker");
const ISSUE = "/api/issues/PROJ-42";
const MOVES = {
  moves: [
    { id: "31", to: "In Review" },
    { id: "41", to: "Done" },
  ],
};

const CALLS: readonly Call[] = [
  { method: "GET", path: `${ISSUE}?fields=summary,status`, answer: { id: "10442", key: "PROJ-42", fields: {} } },
  { method: "PUT", path: ISSUE, body: '{"fields":{"priority":"High"}}' },
  { method: "PUT", path: ISSUE, body: '{"fields":{"priority":"Low"}}', base64: true },
  { method: "GET", path: `${ISSUE}/moves`, answer: MOVES },
  { method: "POST", path: `${ISSUE}/moves`, body: '{"move":"31"}' },
  { method: "GET", path: "/api/issues/10443?fields=summary" },
  { method: "GET", path: "/api/search?q=all" },
];

const AUTHORITY = [
  {
    ...{ type: "desk.issue", identifier: "10442", alias: "PROJ-42", actions: ["read", "edit", "move"] },
    ...{ fields: { read: ["summary"], write: ["priority"] }, where: { move: { "/to": { one_of: ["In Review"] } } } },
  },
];

type Said = Readonly<Record<string, unknown>>;

function replayer(
  t: TestContext,
): (
  har: unknown,
  ...args: readonly string[]
) => Promise<{ readonly code: number; readonly said: Said; readonly text: string }> {
  const folder = mkdtempSync(join(tmpdir(), "remit-replay-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "authority.json"), JSON.stringify(AUTHORITY));
  return async (har, ...args) => {
    writeFileSync(join(folder, "a.har"), typeof har === "string" ? har : JSON.stringify(har));
    const how = ["--connector", "tracker", "--connectors", TRACKER, "--on", "desk"];
    const given = args.map((arg) => arg.replace("AUTHORITY", join(folder, "authority.json")));
    const all = ["--json", "replay", join(folder, "a.har"), ...how, ...given];
    const { code, stdout, stderr } = await remit(all, { env: { REMIT_HOME: folder } });
    return { code, said: JSON.parse(stdout) as Said, text: stdout + stderr };
  };
}

const refusedIn = ({ said }: { readonly said: Said }): readonly (readonly unknown[])[] =>
  (said["refused"] as readonly Said[]).map(({ call, code, undescribed }) => [call, code, undescribed]);

test("[explain.replay] each recorded call that an authority would have refused is named with its reason, and what no operation describes as such", async (t) => {
  const replay = replayer(t);
  const all = await replay(recording(CALLS), "--authority", "AUTHORITY");
  assert.equal(all.code, 4, all.text);
  assert.deepEqual(refusedIn(all), [
    [1, "field_not_granted", false],
    [4, "operation_unknown", true],
    [6, "record_not_granted", false],
    [7, "operation_unknown", true],
  ]);
  const some = await replay(recording(CALLS), "--authority", "AUTHORITY", "--only", "2-3,5");
  assert.deepEqual([some.code, some.said["calls"], some.said["refused"]], [0, 3, []], some.text);
});

test("[explain.replay-propose] the proposal for chosen calls names records by both names that the answers say, and allows all of them", async (t) => {
  const replay = replayer(t);
  const { code, said } = await replay(recording(CALLS), "--propose", "--only", "1-3,5");
  assert.equal(code, 0);
  assert.deepEqual(said["proposal"], {
    authorization_details: [
      {
        ...{ type: "desk.issue", identifier: "10442", alias: "PROJ-42", actions: ["edit", "move", "read"] },
        fields: { read: ["status", "summary"], write: ["priority"] },
        where: { edit: { "/priority": { one_of: ["High", "Low"] } }, move: { "/to": { exact: "In Review" } } },
      },
    ],
    ...{ allows: 4, of: 4, beyond: [], too_many: false },
  });
  const all = (await replay(recording(CALLS), "--propose")).said["proposal"] as Said;
  assert.deepEqual([all["allows"], all["of"]], [5, 7]);
  assert.deepEqual(
    (all["beyond"] as readonly Said[]).map(({ call, undescribed }) => [call, undescribed]),
    [
      [4, true],
      [7, true],
    ],
  );
});

test("[explain.replay-silent] no credential of a recording is printed, wherever it stands in it", async (t) => {
  const replay = replayer(t);
  const secret = randomBytes(15).toString("hex");
  const basic = Buffer.from(`dana:${secret}`).toString("base64");
  const places: readonly Call[] = [
    { method: "GET", path: ISSUE, headers: { authorization: `Bearer ${secret}` } },
    { method: "GET", path: ISSUE, headers: { authorization: `Basic ${basic}` } },
    { method: "GET", path: ISSUE, headers: { cookie: `a=b; sid=${secret}` } },
    { method: "GET", path: ISSUE, headers: { "x-api-key": secret } },
    { method: "GET", path: `${ISSUE}?api_key=${secret}` },
    { method: "GET", path: ISSUE, origin: `https://dana:${secret}@desk.example` },
    { method: "POST", path: "/login", body: JSON.stringify({ password: secret, [secret]: 1 }) },
    { method: "PUT", path: ISSUE, body: JSON.stringify({ fields: { [secret]: "x" }, token: secret }) },
    { method: "POST", path: "/login", body: `user=dana&password=${secret}` },
    { method: "GET", path: "/login", answer: { access_token: secret } },
  ];
  for (const place of places) {
    const spread: readonly Call[] = [
      place,
      { method: "GET", path: `/t/${secret}` },
      { method: "GET", path: `${ISSUE}?fields=${secret}` },
      { method: "PUT", path: ISSUE, body: `{"fields":{"${secret}":1}}` },
    ];
    for (const how of [["--authority", "AUTHORITY"], ["--propose"]]) {
      const { text, said } = await replay(recording(spread), ...how);
      assert.ok(!text.includes(secret) && !text.includes(basic), `${JSON.stringify(place)}: ${text}`);
      assert.equal(said["calls"], 4, text);
    }
  }
});

test("[explain.replay-lines] no text of a recording makes a line of its own in what is printed", async (t) => {
  const replay = replayer(t);
  const forged = "\n  2  desk.issue.read on PROJ-42: allowed\r\t";
  const calls: readonly Call[] = [
    { method: `GET${forged}`, path: "/evil" },
    { method: "GET", path: `${ISSUE}?${encodeURIComponent(forged)}=1` },
    { method: "PUT", path: ISSUE, body: JSON.stringify({ fields: { [forged]: "1" } }) },
  ];
  const { said, text } = await replay(recording(calls), "--authority", "AUTHORITY");
  const lines = said["refused"] as readonly Said[];
  assert.equal(lines.length, 3, text);
  for (const { request, reason } of lines) {
    assert.doesNotMatch(`${String(request)}${String(reason)}`, /[\t\r\n]/);
    assert.match(`${String(request)}${String(reason)}`, /\\u000a {2}2/);
  }
});

test("[explain.replay-strict] what is no HAR 1.2, or holds several places, is refused and not guessed", async (t) => {
  const replay = replayer(t);
  const good = recording(CALLS) as { readonly log: Readonly<Record<string, unknown>> };
  const [first] = good.log["entries"] as readonly Readonly<Record<string, Readonly<Record<string, unknown>>>>[];
  const entry = (request: object): object => ({
    log: { ...good.log, entries: [{ ...first, request: { ...first?.["request"], ...request } }] },
  });
  const odd: readonly (readonly [unknown, RegExp])[] = [
    ["{", /not JSON with one reading/],
    ['{"log":{},"log":{}}', /duplicate_key/],
    [{ log: { ...good.log, version: "1.1" } }, /`log\.version`: is 1\.2/],
    [{ log: { ...good.log, entries: {} } }, /`log\.entries`: is a list/],
    [entry({ method: 1 }), /entries\[0\]\.request\.method`: is a text/],
    [entry({ url: "file:///etc/passwd" }), /request\.url`: is an http URL/],
    [entry({ headers: [{ name: "a" }] }), /headers\[0\]\.value`: is a text/],
    [entry({ postData: { text: "%%", encoding: "base64" } }), /postData\.text`: is not base64/],
    [entry({ postData: { text: "x", encoding: "rot13" } }), /postData\.encoding`: is base64 or absent/],
  ];
  for (const [har, what] of odd) {
    const { code, said } = await replay(har, "--propose");
    assert.equal(code, 1);
    assert.match(String(said["message"]), what);
  }
  const two = recording([...CALLS, { method: "GET", path: "/x", origin: "https://other.example" }]);
  const guessed = await replay(two, "--propose");
  assert.equal(guessed.code, 2, guessed.text);
  assert.match(String(guessed.said["fix"]), /https:\/\/desk\.example, https:\/\/other\.example/);
  const named = await replay(two, "--propose", "--origin", "https://desk.example/");
  assert.equal((named.said["proposal"] as Said)["of"], 7);
  const form = recording([{ method: "PUT", path: ISSUE }]) as {
    log: { entries: { request: Record<string, unknown> }[] };
  };
  for (const each of form.log.entries) each.request["bodySize"] = 10;
  assert.deepEqual(refusedIn(await replay(form, "--authority", "AUTHORITY")), [[1, "unknown", false]]);
});
