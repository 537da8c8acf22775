import { existsSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { CommandError } from "../exit.ts";
import { loose, readDescription } from "../from-openapi/description.ts";
import { operationsOf } from "../from-openapi/operations.ts";
import { plainText, snake } from "../from-openapi/plain-text.ts";
import { writeConnector } from "../from-openapi/write.ts";
import type { Output } from "../output.ts";

/** Files below this are done before anybody wonders. */
const QUICK_BYTES = 2_000_000;

/** Writes a connector without any operation from an OpenAPI description; overwrites nothing. */
export async function fromOpenapi(
  asked: { readonly file: string; readonly name: string | undefined; readonly out: string | undefined },
  output: Output,
): Promise<void> {
  const { file, out } = asked;
  if (out !== undefined && existsSync(out))
    throw new CommandError("error", `\`${out}\` is there already`, { fix: "name another file; nothing was written" });
  const description = await readDescription(file, (bytes) => {
    if (bytes > QUICK_BYTES) output.say(`reading ${basename(file)}, ${(bytes / 1e6).toFixed(1)} MB …`);
  });
  const operations = operationsOf(description);
  if (operations.length > 500) output.say(`sorting ${operations.length} operations …`);
  const title = plainText(loose(description.root["info"])?.["title"], 80);
  const draft = writeConnector(description, operations, connectorName(asked.name, title));
  if (out !== undefined) writeFileSync(out, draft.text, { flag: "wx" });
  const { text, types, risky } = draft;
  const facts = { ok: true, operations: draft.operations, types, risky };
  if (out === undefined) output.answer({ ...facts, connector: text }, text.trimEnd().split("\n"));
  else
    output.answer({ ...facts, file: out }, [
      `wrote ${out}: ${draft.operations} operations, all refused; ${types} record types to choose from`,
    ]);
}

function connectorName(asked: string | undefined, title: string): string {
  const name = asked ?? snake(title).replaceAll("_", "-").slice(0, 32).replace(/-+$/, "");
  if (/^[a-z][a-z0-9-]{0,31}$/.test(name)) return name;
  throw new CommandError("usage", `\`${name}\` is no name for a connector`, {
    fix: "give one with --name: small letters, digits and hyphens, up to 32",
  });
}
