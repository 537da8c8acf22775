import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { parse, stringify } from "yaml";
import { fromOpenapi } from "../src/commands/connector-from-openapi.ts";
import { CommandError } from "../src/exit.ts";
import { createOutput } from "../src/output.ts";

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), "remit-openapi-"));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** The connector that is made of a description which is written to a file as it stands. */
async function connectorOf(where: string, description: string): Promise<string> {
  const [file, out] = [join(where, "description"), join(where, "out.yaml")];
  rmSync(out, { force: true });
  writeFileSync(file, description);
  const silent = { write: () => undefined };
  await fromOpenapi({ file, name: "made", out }, createOutput(false, silent, silent));
  return readFileSync(out, "utf8");
}

/** A description in which a stranger chose every text. */
function hostile(text: string): object {
  const schema = {
    type: "object",
    description: text,
    required: [text, "id"],
    properties: {
      id: { type: "string", enum: [text], pattern: text },
      [text]: { type: "string" },
      inner: { type: "object", properties: { [text]: { type: "string", enum: ["a", text] } } },
    },
  };
  const content = { "application/json": { schema } };
  const operation = {
    summary: text,
    description: text,
    operationId: text,
    tags: [text],
    parameters: [{ name: text, in: "query", required: true, schema: { type: "string", enum: [text] } }],
    responses: { "200": { description: text, content }, [text]: { description: text } },
  };
  return {
    openapi: "3.1.0",
    info: { title: text, version: text },
    servers: [{ url: `https://api.example/${text}` }],
    components: { securitySchemes: { [text]: { type: "http", scheme: text }, b: { type: text, flows: { a: text } } } },
    paths: {
      [`/things/{${text}}`]: { get: operation },
      "/things/{id}": { get: operation, patch: { ...operation, requestBody: { content } } },
      [`/things/{id}/${text}`]: { post: { ...operation, requestBody: { content } } },
      [`/${text}`]: { get: operation },
      "/search": { get: operation },
    },
  };
}

const NEWLINES = ["\n", "\r", "\u0085", "\u2028", "\u2029", "\r\n"];
const texts = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc
    .tuple(fc.constantFrom(...NEWLINES, "", "\u0000", "\u001b[2K", "\u202e", "\ufeff", "*/", "--- "), fc.string())
    .map(([end, more]) => `fine${end}types: { evil: {} }${end}#${more}`),
  fc.constantFrom("__proto__", '"', "'", "\\", "{{}}", "}", " #", ": ", "&a", "*a", "!!js", "%", "~1", "constructor"),
);

test("[connector-tools.openapi-no-smuggling] no text of a description becomes more than words in a comment, or a title", async (t) => {
  const where = folder(t);
  await fc.assert(
    fc.asyncProperty(texts, fc.boolean(), async (text, json) => {
      const description = hostile(text);
      const made = await connectorOf(where, json ? JSON.stringify(description) : stringify(description));
      assert.doesNotMatch(made, /[^\p{L}\p{N}\p{P}\p{S} \n]|\p{Default_Ignorable_Code_Point}/u, "nothing unseen");
      const read = parse(made) as Record<string, unknown>;
      assert.deepEqual(Object.keys(read), [
        ...["connector", "title", "inject", "environment", "side_doors", "residual", "types"],
      ]);
      assert.deepEqual([read["connector"], read["types"], read["side_doors"]], ["made", {}, []]);
      // what is taken off its comments is data with the names that we gave it
      const body = made.slice(made.indexOf("\ntypes: {}\n") + 11).replaceAll(/^#\n# ────.*$/gm, "");
      const types = body.split("\n").flatMap((line) => /^# ( {2,}.*)$/.exec(line)?.[1] ?? []);
      const names = Object.keys((parse(`types:\n${types.join("\n")}`) as { types: object | null }).types ?? {});
      assert.ok(names.includes("thing") && !names.includes("evil"), names.join());
    }),
    { numRuns: 150 },
  );
});

test("[connector-tools.openapi-guesses] the record, its parts and its fields are guessed, and what leads elsewhere is left out", async (t) => {
  const content = (schema: object): object => ({ content: { "application/json": { schema } } });
  const made = await connectorOf(
    folder(t),
    stringify({
      openapi: "3.0.3",
      info: { title: "Desk", version: "1" },
      servers: [{ url: "https://{region}.desk.example/{base}/", variables: { base: { default: "v2" } } }],
      components: {
        schemas: {
          Base: { allOf: [{ $ref: "#/components/schemas/Ring" }], properties: { id: { type: "integer" } } },
          Ring: {
            allOf: [{ $ref: "#/components/schemas/Base" }],
            properties: { subject: { type: "string", maxLength: 99 } },
          },
          Elsewhere: { $ref: "https://other.example/schema.json" },
        },
      },
      paths: {
        "/boxes/{box}/tickets/{ticketId}": {
          parameters: [{ name: "ticketId", in: "path", required: true, schema: { type: "integer" } }],
          get: {
            summary: "Show",
            responses: {
              "200": content({
                allOf: [{ $ref: "#/components/schemas/Base" }],
                properties: {
                  box: { type: "string" },
                  parent: { type: "object", properties: { name: { type: "string" } } },
                  owner: { type: "object", properties: { id: { type: "string" } } },
                  html_url: { type: "string" },
                  odd: { $ref: "#/components/schemas/Elsewhere" },
                },
              }),
            },
          },
          patch: {
            summary: "Change",
            requestBody: content({ properties: { subject: { type: "string" }, owner: { type: "string" } } }),
            responses: { "204": { description: "done" } },
          },
        },
        "/rooms/{room}/chairs/{chair}": {
          get: { responses: { "200": content({ properties: { color: { type: "string" } } }) } },
        },
        "/boxes/{box}/tickets/{ticketId}/raw...{to}": { get: { responses: { "200": content({ type: "string" }) } } },
      },
    }),
  );
  for (const line of [
    '#       text: "{box}/{ticket_id}"',
    '#       parts: { box: "[A-Za-z0-9_-]{1,64}", ticket_id: "[1-9][0-9]{0,17}" }',
    '#       steps: [{ paths: ["/v2/boxes/{box}/tickets/{ticket_id}"], query: {}, gives: { "{box}": "/box", "{ticket_id}": "/id" } }]',
    "#         read: { kind: string, max: 99 }",
    '#         write: { schema: { kind: string, max: 1024 }, canonical: "" }',
    '# #           id: { "{box}": "/box", "{ticket_id}": "/id" }',
  ])
    assert.ok(made.split("\n").includes(line), line);
  assert.match(
    made,
    /^# # the answer does not seem to hold \{room\} \{chair\}: find where it says them, then add `resolve`$/m,
  );
  assert.match(made, /^# # cannot be switched on: its answer does not say which record it is$/m);
  assert.match(made, /^# # left out, since they hold or name other records: parent, owner$/m);
  assert.match(made, /^# # left out, since they are addresses: html_url$/m);
  assert.match(made, /^# # left out, since their shape is not told: odd$/m);
  assert.match(made, /^# # # members of the body left out: owner$/m);
  assert.match(made, /^# # cannot be switched on: its path has more than one value in a segment$/m);
});

test("[connector-tools.openapi-unreadable] what is no OpenAPI 3 description is refused with the fix, and nothing is overwritten", async (t) => {
  const where = folder(t);
  for (const [text, said] of [
    ['{"swagger": "2.0"}', /not an OpenAPI 3\.0 or 3\.1 description/],
    ['{"openapi": "3.2.0"}', /not an OpenAPI 3\.0 or 3\.1 description/],
    ["[]", /not an OpenAPI/],
    ["a: b: c", /neither JSON nor YAML/],
    ['{"openapi": "3.0.0",', /neither JSON nor YAML/],
    ["", /larger than|neither|not an OpenAPI/],
  ] as const)
    await assert.rejects(
      connectorOf(where, text),
      (error) => error instanceof CommandError && said.test(error.message),
    );
  assert.equal(existsSync(join(where, "out.yaml")), false);
  const fine = '{"openapi": "3.0.0", "info": {"title": "x", "version": "1"}, "paths": {}}';
  assert.match(await connectorOf(where, fine), /^types: \{\}$/m);
  const silent = createOutput(false, { write: () => undefined }, { write: () => undefined });
  const again = { file: join(where, "description"), name: "made", out: join(where, "out.yaml") };
  await assert.rejects(fromOpenapi(again, silent), /is there already/);
  await assert.rejects(
    fromOpenapi({ ...again, name: "No", out: undefined }, silent),
    /`No` is no name for a connector/,
  );
});
