import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import type { Json } from "@remit/core";
import fc from "fast-check";
import { createFinder } from "../src/http/finder.ts";
import { reflects, spellingsOf } from "../src/http/reflected.ts";
import { mayConnect } from "../src/upstream/address.ts";
import { readNewConnection } from "../src/vault/connection.ts";

test("[gateway.reflection] a credential is found in an answer in every spelling", () => {
  const secret = "svc:Tr0ub4dor&3/+x";
  const known = spellingsOf([secret]);
  const bytes = Buffer.from(secret);
  const answers = [
    ...[
      secret,
      JSON.stringify(secret),
      [...secret].reverse().join(""),
      bytes.toString("hex"),
      bytes.toString("hex").toUpperCase(),
      encodeURIComponent(secret),
      encodeURIComponent(encodeURIComponent(secret)),
    ],
    ...["", "a", "ab", "abc", "abcd"].flatMap((before) =>
      ["", "z"].map((after) => Buffer.from(before + secret + after).toString("base64")),
    ),
    ...["", "a", "ab"].map((before) => Buffer.from(before + secret).toString("base64url")),
    ...[
      [...secret].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""),
      [...secret].map((c) => `&#${c.charCodeAt(0)};`).join(""),
      `${secret.slice(0, 5)}\n${secret.slice(5)}`,
    ],
  ];
  assert.ok(answers.length >= 20);
  for (const answer of answers) assert.ok(reflects(Buffer.from(`{"a":"${answer}"}`), known), answer);
  for (const encoding of ["utf16le", "utf8"] as const)
    assert.ok(reflects(Buffer.from(`{"a":"${secret}"}`, encoding), known), encoding);
  assert.ok(!reflects(Buffer.from('{"a":"nothing of it"}'), known));
});

test("[gateway.reflection] a credential is found encoded twice, compressed, in wide characters and taken apart", () => {
  const secret = "svc:Tr0ub4dor&3/+x";
  const known = spellingsOf([secret]);
  const bytes = Buffer.from(secret);
  const wide = Buffer.from(`x${secret}y`, "utf16le");
  const around = ["", "a", "ab", "abc", "abcd"];
  const answers = [
    ...around.flatMap((before) =>
      around.map((outer) => {
        const once = Buffer.from(`${before}${secret}z`).toString("base64");
        return Buffer.from(`${outer}${once}z`).toString("base64");
      }),
    ),
    ...around.map((before) => base32(Buffer.from(`${before}${secret}tail`))),
    ...around.map((before) => base32(Buffer.from(`${before}${secret}tail`)).toLowerCase()),
    ...[wide.toString("hex"), wide.toString("base64"), Buffer.from(wide).swap16().toString("hex").toUpperCase()],
    ...[Buffer.from(wide).swap16().toString("base64"), [...secret].join('","'), [...bytes].join(" ")],
    ...[...bytes].map((_, at) => `${octal(bytes.subarray(0, at))}${secret.slice(at)}`).slice(1),
    ...[gzipSync(secret).toString("base64"), gzipSync(`before ${secret} after`).toString("base64url")],
    ...[
      gzipSync(JSON.stringify({ a: `\\u0073${secret.slice(1)}` }))
        .toString("base64")
        .replaceAll("/", "\\/"),
    ],
    ...[`H4sIzz ${gzipSync(bytes.toString("hex")).toString("base64")}`],
  ];
  for (const answer of answers) assert.ok(reflects(Buffer.from(`{"a":"${answer}"}`), known), answer);
  const innocent = gzipSync("nothing of it").toString("base64");
  for (const answer of [innocent, innocent.slice(0, 12), "H4sI", "H4sIH4sIH4sI"])
    assert.ok(!reflects(Buffer.from(`{"a":"${answer}"}`), known), answer);
});

const octal = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");

function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  return (bits.match(/.{1,5}/g) ?? []).map((five) => alphabet[Number.parseInt(five.padEnd(5, "0"), 2)] ?? "").join("");
}

test("[gateway.reflection] looking for many texts at once finds exactly what looking for each would", () => {
  const word = fc.string({ unit: fc.constantFrom(..."abc\u0101"), minLength: 4, maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom(..."abc\u0101"), maxLength: 60 });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), text, (known, answer) =>
      assert.equal(
        createFinder(known)(answer),
        known.some((one) => answer.includes(one)),
      ),
    ),
    { numRuns: 2_000 },
  );
  assert.throws(() => createFinder(["abc"]), RangeError);
});

test("[gateway.addresses] a connection reaches public addresses only, or only this machine where it says so", () => {
  const inside = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "224.0.0.1",
    "255.255.255.255",
    "ff02::1",
    "evil",
    "",
  ];
  for (const address of inside) assert.equal(mayConnect(address, false), false, address);
  for (const address of ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
    assert.equal(mayConnect(address, false), true, address);
  for (const address of ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
    assert.equal(mayConnect(address, true), true, address);
  for (const address of ["10.0.0.1", "93.184.216.34", "169.254.169.254"])
    assert.equal(mayConnect(address, true), false, address);
});

test("[gateway.connections] a connection says exactly one origin, and http only for this machine", () => {
  const good = {
    name: "jira-acme",
    resource: "jira-acme",
    connector: "jira",
    origin: "https://acme.atlassian.net",
    inject: { form: "basic", username: "svc@acme" },
    as: "service",
    account: "svc",
    secret: "x".repeat(24),
  };
  assert.equal(typeof readNewConnection(good), "object");
  const bad: readonly Readonly<Record<string, Json>>[] = [
    ...[
      "http://acme.example",
      "https://acme.example/path",
      "https://u:p@acme.example",
      "https://acme.example?x=1",
      "acme.example",
      "ftp://acme.example",
    ].map((origin) => ({ origin })),
    ...[
      { origin: "http://10.0.0.1", insecure_loopback: true },
      { as: "subject" },
      { secret: "" },
      { secret: "line\nbreak-in-it" },
      { unknown: 1 },
      { name: "../x" },
    ],
    ...[
      { form: "basic", username: "a:b" },
      { form: "header", header: "Host" },
      { form: "header", header: "a b" },
      { form: "cookie" },
      { form: "bearer", username: "x" },
    ].map((inject) => ({ inject })),
  ];
  for (const change of bad)
    assert.equal(typeof readNewConnection({ ...good, ...change }), "string", JSON.stringify(change));
});
