import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { HOSTILITIES, type Hostility, hostileUpstream, type HostileUpstream } from "@remit/testkit";

const SECRET = "what-the-caller-carried";
const AUTHORIZATION = `Basic ${Buffer.from(`me:${SECRET}`).toString("base64")}`;
const REQUEST = [
  "GET /rest/api/3/issue/10442 HTTP/1.1",
  "Host: x",
  `Authorization: ${AUTHORIZATION}`,
  "Connection: close",
];

/** Asks once and takes every byte until the connection ends, or `enough` of them have come. */
async function ask(upstream: HostileUpstream, enough: (text: string) => boolean = () => false): Promise<string> {
  const socket = connect(Number(new URL(upstream.origin).port), "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
    if (enough(text)) socket.destroy();
  });
  // being cut off is one of the things that are looked for
  socket.on("error", () => undefined);
  socket.write(`${REQUEST.join("\r\n")}\r\n\r\n`);
  await once(socket, "close");
  return text;
}

const bodyOf = (text: string): string => text.slice(text.indexOf("\r\n\r\n") + 4);
const statuses = (text: string): number => text.split("HTTP/1.1 200 OK").length - 1;

/** What each kind must look like on the wire. */
const SEEN: Readonly<Record<Hostility, (text: string, origin: string) => boolean>> = {
  redirect: (text, origin) => /^HTTP\/1\.1 302/.test(text) && text.includes(`location: ${origin}/elsewhere`),
  reflect: (text) => text.includes(SECRET),
  "reflect-base64": (text) => text.includes(Buffer.from(`xx${SECRET}yy`).toString("base64")),
  "reflect-reversed": (text) => /^HTTP\/1\.1 500/.test(text) && text.includes([...SECRET].reverse().join("")),
  "extra-fields": (text) => text.includes('"fields":{"summary":"as it should be","description":"not granted"'),
  "wrong-id": (text) => text.includes('"id":"10443"') && !text.includes("10442"),
  "wrong-type": (text) => /content-type: text\/plain/i.test(text) && text.includes('"id":"10442"'),
  "error-html": (text) => /^HTTP\/1\.1 500/.test(text) && text.includes("<html>"),
  huge: (text) => text.length > 3_000_000,
  drop: (text) => text === "",
  truncated: (text) => bodyOf(text).length < Number(/content-length: (\d+)/.exec(text)?.[1]),
  "gzip-bomb": (text) => text.length < 50_000 && /content-encoding: gzip/i.test(text) && unzipped(text) === 10_000_000,
  "duplicate-keys": (text) => text.includes('{"id":"10443","id":"10442"'),
  "set-cookie": (text) => /set-cookie: session=1/i.test(text),
  "smuggled-headers": (text) => /content-length: \d+\r\ntransfer-encoding: chunked/.test(text),
  "smuggled-answer": (text) => statuses(text) === 2 && text.endsWith("}") && text.includes('"id":"10443"'),
};

function unzipped(text: string): number {
  const [first = "", second = ""] = bodyOf(text).split("\r\n", 2);
  const chunk = Buffer.from(bodyOf(text), "latin1");
  const at = first.length + 2;
  return second === "" ? 0 : gunzipSync(chunk.subarray(at, at + Number.parseInt(first, 16))).length;
}

test("[testkit.hostile-upstream] each kind of misbehaviour is on the wire what its name says, as often as asked", async () => {
  await using upstream = await hostileUpstream();
  for (const kind of HOSTILITIES) {
    upstream.misbehave(kind, 1);
    const isWhole = (text: string): boolean => kind === "smuggled-answer" && SEEN[kind](text, upstream.origin);
    const text = await ask(upstream, isWhole);
    assert.ok(SEEN[kind](text, upstream.origin), `${kind}: ${text.slice(0, 400)}`);
    const after = await ask(upstream);
    assert.match(after, /^HTTP\/1\.1 200 OK[^]*"summary":"Login answers 500 on Safari"/, `after ${kind}`);
  }
  assert.equal(upstream.requests.length, HOSTILITIES.length * 2);
  assert.equal(upstream.bytes().toString("latin1"), `${REQUEST.join("\r\n")}\r\n\r\n`.repeat(HOSTILITIES.length * 2));
});

test("[testkit.upstream-answers] a test's own answers, heard requests and held answers", async () => {
  const heard: string[] = [];
  await using upstream = await hostileUpstream({
    answer: ({ target, body }) => ({ status: 201, body: { target, body } }),
    onRequest: ({ method }) => void heard.push(method),
  });
  const hold = upstream.hold(({ method }) => method === "PUT");
  const asked = fetch(`${upstream.origin}/held`, { method: "PUT", body: "one" });
  assert.deepEqual(
    (await hold.arrived()).map(({ body }) => body),
    ["one"],
  );
  assert.deepEqual(await (await fetch(`${upstream.origin}/free?x=1`)).json(), { target: "/free?x=1", body: "" });
  hold.release();
  assert.deepEqual(await (await asked).json(), { target: "/held", body: "one" });
  assert.deepEqual(heard, ["PUT", "GET"]);
});
