import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeForm, type HeadFault, readHead } from "../src/http-head.ts";

const HOST = ["Host", "gw.example"] as const;

const faultOf = (url: string, rawHeaders: readonly string[] = HOST, method = "GET"): HeadFault | "read" => {
  const head = readHead({ method, url, rawHeaders });
  return head.ok ? "read" : head.error;
};

const TARGETS: readonly (readonly [url: string, fault: HeadFault])[] = [
  ["", "target_form"],
  ["*", "target_form"],
  ["http://evil/x", "target_form"],
  ["HTTP://gw.example/x", "target_form"],
  ["gw.example:443", "target_form"],
  ["//evil/x", "target_form"],
  [`/${"a".repeat(8_192)}`, "target_form"],
  ["/\\evil/x", "path_character"],
  ["/a\\b", "path_character"],
  ["/issue/PROJ-1;x=1/../PROJ-2", "path_character"],
  ["/issue/PROJ-1;", "path_character"],
  ["/issue/PROJ-1#x", "path_character"],
  ["/issue/PROJ-1 ", "path_character"],
  ["/issue/\tPROJ-1", "path_character"],
  ["/issue/PROJ-1\n", "path_character"],
  ["/issue/PROJ-1\u0000", "path_character"],
  ["/issue/PROJ\u20111", "path_character"],
  ["/issue/\uff0e\uff0e/PROJ-2", "path_character"],
  ["/issue/{id}", "path_character"],
  ['/issue/"a"', "path_character"],
  ["/issue/a|b", "path_character"],
  ["/issue//PROJ-1", "path_segment"],
  ["/issue/PROJ-1/", "path_segment"],
  ["/.", "path_segment"],
  ["/..", "path_segment"],
  ["/issue/./PROJ-1", "path_segment"],
  ["/issue/PROJ-1/../PROJ-2", "path_segment"],
  ["/issue/PROJ-1/..%2fPROJ-2", "path_segment"],
  ["/issue/PROJ-1%2f..%2FPROJ-2", "path_segment"],
  ["/issue/PROJ-1%2F.", "path_segment"],
  ["/issue/%2f%2fevil", "path_segment"],
  ["/issue/%2fPROJ-1", "path_segment"],
  ["/issue/%2e%2e/PROJ-2", "path_encoding"],
  ["/issue/.%2E/PROJ-2", "path_encoding"],
  ["/issue/PROJ-1%2f%2e%2e%2fPROJ-2", "path_encoding"],
  ["/issue/%5c..%5cPROJ-2", "path_encoding"],
  ["/issue/PROJ-1%3bx=1", "path_encoding"],
  ["/issue/PROJ-1%00", "path_encoding"],
  ["/issue/PROJ-1%0d%0aX:1", "path_encoding"],
  ["/issue/PROJ-1%1f", "path_encoding"],
  ["/issue/PROJ-1%7f", "path_encoding"],
  ["/issue/%252e%252e", "path_encoding"],
  ["/issue/%25", "path_encoding"],
  ["/issue/%c0%ae%c0%ae/PROJ-2", "path_encoding"],
  ["/issue/%c0%af", "path_encoding"],
  ["/issue/%e0%80%af", "path_encoding"],
  ["/issue/%ed%a0%80", "path_encoding"],
  ["/issue/%ff", "path_encoding"],
  ["/issue/%", "path_encoding"],
  ["/issue/%2", "path_encoding"],
  ["/issue/%zz", "path_encoding"],
  ["/issue/%u002e", "path_encoding"],
  ["/x?a=%", "query_encoding"],
  ["/x?%ff=1", "query_encoding"],
  ["/x?a=%f", "query_encoding"],
  ["/x?a=%ff", "query_encoding"],
  ["/x?a=%c0%af", "query_encoding"],
  ["/x?a=b;c=d", "query_encoding"],
  ["/x?a=1&&b=2", "query_encoding"],
  ["/x?&a=1", "query_encoding"],
  ["/x?=1", "query_encoding"],
  ["/x?a=1#f", "query_encoding"],
  ["/x?a=é", "query_encoding"],
  ["/x?a=b c", "query_encoding"],
  ["/x?a=\n", "query_encoding"],
  ["/x?a=\\", "query_encoding"],
];

test("[head.one-target] a target that any server could read as another record is refused", () => {
  for (const [url, fault] of TARGETS) assert.equal(faultOf(url), fault, JSON.stringify(url));
});

test("[head.one-target] what is accepted is handed on raw, with the query in its order", () => {
  const head = readHead({
    method: "GET",
    url: "/r/npm/@scope%2fname/v1.2?b=1&a=x+y%20%C3%A9&b=&flag",
    rawHeaders: HOST,
  });
  assert.ok(head.ok);
  assert.equal(head.value.path, "/r/npm/@scope%2fname/v1.2");
  assert.deepEqual(head.value.segments, ["r", "npm", "@scope%2fname", "v1.2"]);
  assert.deepEqual(head.value.query, [
    { name: "b", value: "1" },
    { name: "a", value: "x y é" },
    { name: "b", value: "" },
    { name: "flag", value: "" },
  ]);
  for (const url of ["/", "/a", "/a?", "/a/...", "/a/.hidden", "/a/x..y", "/a/%20b", "/a/%C3%A9"])
    assert.equal(faultOf(url), "read", url);
});

test("[head.one-target] an accepted path is the same path to the URL standard, decoded once or twice", () => {
  const unit = fc.constantFrom(
    ...["a", "Z", "1", ".", "..", "/", "//", "\\", ";", ":", "@", "~", "&", "=", "+", "?", "#", "\t", "\n", " "],
    ...["%2e", "%2E", "%2f", "%5c", "%25", "%00", "%c0%af", "%ef%bc%8f", "%", "%2", "é"],
  );
  const target = fc.array(unit, { maxLength: 8 }).map((parts) => `/${parts.join("")}`);
  fc.assert(
    fc.property(target, (url) => {
      const head = readHead({ method: "GET", url, rawHeaders: HOST });
      if (!head.ok) return;
      const { path, segments } = head.value;
      const seen = new URL(url, "http://gw.example");
      assert.equal(seen.host, "gw.example");
      assert.equal(seen.pathname, path);
      assert.equal(segments.join("/"), path.slice(1));
      const decoded = decodeURIComponent(path);
      assert.doesNotMatch(decoded, /[\\;\u0000-\u001f\u007f]/);
      for (const part of path === "/" ? [] : decoded.slice(1).split("/"))
        assert.ok(part !== "" && part !== "." && part !== "..", url);
      assert.equal(decodeURIComponent(decoded), decoded);
    }),
    { numRuns: 20_000 },
  );
});

const HEADERS: readonly (readonly [raw: readonly string[], fault: HeadFault])[] = [
  [[], "host"],
  [["Host", ""], "host"],
  [[...HOST, "host", "evil"], "header_repeated"],
  [[...HOST, "HOST", "gw.example"], "header_repeated"],
  [[...HOST, "Authorization", "DPoP a", "authorization", "DPoP b"], "header_repeated"],
  [[...HOST, "DPoP", "a", "dpop", "b"], "header_repeated"],
  [[...HOST, "Cookie", "a=1", "Cookie", "b=2"], "header_repeated"],
  [[...HOST, "Content_Length", "5"], "header_name"],
  [[...HOST, "X Y", "5"], "header_name"],
  [[...HOST, "", "5"], "header_name"],
  [[...HOST, "X:", "5"], "header_name"],
  [[...HOST, "X-Ünicode", "5"], "header_name"],
  [[...HOST, "X\u212aey", "5"], "header_name"],
  [[...HOST, "X", "a\r\nY: b"], "header_value"],
  [[...HOST, "X", "a\nb"], "header_value"],
  [[...HOST, "X", "a\u0000b"], "header_value"],
  [[...HOST, "X", "a\u007fb"], "header_value"],
  [[...HOST, "X", "\u0100"], "header_value"],
  [[...HOST, "Expect", "100-continue"], "header_refused"],
  [[...HOST, "Upgrade", "h2c"], "header_refused"],
  [[...HOST, "TE", "trailers"], "header_refused"],
  [[...HOST, "Trailer", "X"], "header_refused"],
  [[...HOST, "Proxy-Authorization", "x"], "header_refused"],
  [[...HOST, "proxy-connection", "x"], "header_refused"],
  [[...HOST, "X-HTTP-Method-Override", "DELETE"], "header_refused"],
  [[...HOST, "x-method-override", "DELETE"], "header_refused"],
  [[...HOST, "X-HTTP-Method", "DELETE"], "header_refused"],
  [[...HOST, "X-Original-URL", "/admin"], "header_refused"],
  [[...HOST, "X-Rewrite-URL", "/admin"], "header_refused"],
  [[...HOST, "Content-Length", "5", "Transfer-Encoding", "chunked"], "header_refused"],
  [[...HOST, "Content-Length", "5, 5"], "header_refused"],
  [[...HOST, "Content-Length", "+5"], "header_refused"],
  [[...HOST, "Content-Length", "05"], "header_refused"],
  [[...HOST, "Content-Length", "0x5"], "header_refused"],
  [[...HOST, "Content-Length", ""], "header_refused"],
  [[...HOST, "Transfer-Encoding", "gzip, chunked"], "header_refused"],
  [[...HOST, "Transfer-Encoding", "chunked, identity"], "header_refused"],
  [[...HOST, "Transfer-Encoding", "\tchunked"], "header_refused"],
  [[...HOST, "X", "a".repeat(16_384)], "header_size"],
];

test("[head.one-header] headers with two readings, or that ask for another request, are refused", () => {
  for (const [raw, fault] of HEADERS) assert.equal(faultOf("/x", raw, "POST"), fault, JSON.stringify(raw).slice(0, 80));
});

test("[head.no-body-on-safe] a body on a method that has none is refused, and a length of zero is none", () => {
  for (const method of ["GET", "HEAD", "DELETE"]) {
    assert.equal(faultOf("/x", [...HOST, "Content-Length", "1"], method), "body_on_safe_method");
    assert.equal(faultOf("/x", [...HOST, "Transfer-Encoding", "chunked"], method), "body_on_safe_method");
    assert.equal(faultOf("/x", [...HOST, "Content-Length", "0"], method), "read");
  }
  assert.equal(faultOf("/x", [...HOST, "Transfer-Encoding", "chunked"], "POST"), "read");
  assert.equal(faultOf("/x", [...HOST, "Content-Length", "12"], "PATCH"), "read");
});

test("[head.methods] only the methods that connectors name exist, in their one spelling", () => {
  for (const method of ["CONNECT", "TRACE", "OPTIONS", "get", "Get", "PROPFIND", "", "GET "])
    assert.equal(faultOf("/x", HOST, method), "method", method);
});

test("[head.form] form decoding undoes one layer, strictly", () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["a+b", "a b"],
    ["a%2Bb", "a+b"],
    ["%2525", "%25"],
    ["%C3%A9", "é"],
    ["%C3", undefined],
    ["%", undefined],
    ["%4", undefined],
    ["%g0", undefined],
    ["%ED%A0%80", undefined],
    ["\u0100%41", undefined],
  ];
  for (const [text, value] of rows) assert.equal(decodeForm(text), value, text);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const form = new URLSearchParams({ k: text }).toString().slice(2);
      assert.equal(decodeForm(form), text);
    }),
  );
});
