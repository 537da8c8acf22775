import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { callableTypes, type Json, parseConnector, route } from "@remit/core";
import schema from "@remit/core/schema/connector.schema.json" with { type: "json" };
import { remit } from "@remit/testkit";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { sha256 } from "./support/connectors.ts";

const description = join(
  createRequire(import.meta.url).resolve("@octokit/openapi"),
  "../generated/api.github.com.json",
);

/** What the command says and writes about GitHub's own description, as a program of its own. */
const made = (async () => {
  const folder = mkdtempSync(join(tmpdir(), "remit-openapi-"));
  try {
    const out = join(folder, "github.yaml");
    const args = ["connector", "from-openapi", description, "--name", "github", "-o", out];
    const { code, stderr } = await remit(args, { env: { REMIT_HOME: folder } });
    assert.equal(code, 0, stderr);
    return { stderr, text: readFileSync(out, "utf8") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
})();

/** Every operation as the description has it. */
function operations(): readonly string[] {
  const { paths } = JSON.parse(readFileSync(description, "utf8")) as { paths: Record<string, object> };
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((method) => /^(?:get|put|post|patch|delete|head|options|trace)$/.test(method))
      .map((method) => `${method.toUpperCase()} ${path}`),
  );
}

test("[connector-tools.openapi-refuses-all] what is made of GitHub's own description is a connector without any operation", async () => {
  const { text, stderr } = await made;
  const connector = parseConnector(parse(text) as Json, sha256);
  assert.ok(connector.ok, connector.ok ? "" : connector.error);
  assert.equal(connector.value.name, "github");
  assert.deepEqual(connector.value.types, {}, "no record type, so no operation");
  for (const operation of operations()) {
    const [method = "", path = ""] = operation.split(" ");
    const segments = path
      .replaceAll(/\{[^}]*\}/g, "1")
      .slice(1)
      .split("/");
    assert.deepEqual(route(connector.value, method, segments), [], operation);
  }
  assert.match(stderr, /reading api\.github\.com\.json/, "says what it does");
});

test("[connector-tools.openapi-lists-all] every operation of GitHub's description is listed once, in its summary's words", async () => {
  const { text } = await made;
  const listed = [...text.matchAll(/^#[# ]* ([A-Z]+ \/\S*) "[^"\n]+"(?: \(deprecated\))?$/gm)].map(([, one]) => one);
  assert.ok(listed.length > 1_000);
  assert.deepEqual(listed.toSorted(), operations().toSorted());
});

test("[connector-tools.openapi-marks-risk] the operations that reach further than a record are marked with why", async () => {
  const { text } = await made;
  const lines = text.split("\n");
  const risksOf = (operation: string): readonly string[] => {
    const at = lines.findIndex((line) => line.replace(/^[# ]+/, "").startsWith(`${operation} "`));
    assert.notEqual(at, -1, operation);
    const after = lines.slice(at + 1);
    const end = after.findIndex((line) => !line.includes("# RISK "));
    return after.slice(0, end).map((line) => /RISK ([a-z ]+): \S/.exec(line)?.[1] ?? line);
  };
  assert.deepEqual(risksOf("GET /search/issues"), ["search"]);
  assert.deepEqual(risksOf("POST /repos/{owner}/{repo}/hooks"), ["webhooks"]);
  assert.deepEqual(risksOf("PUT /repos/{owner}/{repo}/collaborators/{username}"), ["people"]);
  assert.deepEqual(risksOf("PUT /repos/{owner}/{repo}/actions/secrets/{secret_name}"), ["credentials"]);
  assert.deepEqual(risksOf("POST /repos/{owner}/{repo}/dispatches"), ["code"]);
  assert.deepEqual(risksOf("GET /repos/{owner}/{repo}/tarball/{ref}"), ["export"]);
  assert.deepEqual(risksOf("POST /user/keys"), ["credentials", "people"]);
  assert.deepEqual(risksOf("GET /repos/{owner}/{repo}/issues/{issue_number}"), []);
});

test("[connector-tools.openapi-uncomments] every guessed record type with its operations is accepted once its comments are taken off", async () => {
  const { text } = await made;
  const [head = "", ...rest] = text.split(/^types: \{\}$/m);
  const blocks = rest
    .join("")
    .split(/^#\n# ────/m)
    .slice(1)
    .map(uncommented)
    .filter((block) => block !== "");
  assert.ok(blocks.length > 100, `${blocks.length} record types`);
  const validate = new Ajv({ strict: true, strictTypes: false, strictRequired: false }).compile(schema);
  const faults = blocks.flatMap((block) => {
    const json = parse(`${head}types:\n${block}`) as Json;
    const connector = parseConnector(json, sha256);
    if (!validate(json)) return [`${block.split("\n", 1)[0]}: ${JSON.stringify(validate.errors?.slice(-2))}`];
    if (!connector.ok) return [`${block.split("\n", 1)[0]}: ${connector.error}`];
    const on = callableTypes(connector.value).length === 1;
    return on === block.includes("\n    operations:\n") ? [] : [`${block.split("\n", 1)[0]}: nothing was switched on`];
  });
  assert.deepEqual(faults, []);
});

/** The lines of a record type and of all its operations, as an author would leave them. */
function uncommented(block: string): string {
  const lines = block.split("\n").flatMap((line) => /^(?:# ){1,2}( {2,}.*)$/.exec(line)?.[1] ?? []);
  return lines
    .map((line, index) => (line === "    operations: {}" && index + 1 < lines.length ? "    operations:" : line))
    .join("\n");
}
