import assert from "node:assert/strict";
import type { Config } from "../src/config/model.ts";
import { readConfigFiles } from "../src/config/read.ts";
import { goodFiles } from "./support.ts";

/** Where the guardrails of a test stand. */
export const GUARDRAILS = "guardrails/all.cedar";

/** One rule with a name. */
export const rule = (head: string, rest = "", name = "one"): string => `@id("${name}")\nforbid (${head})${rest};\n`;

/** One rule with a condition. */
export const when = (condition: string): string => rule("principal, action, resource", ` when { ${condition} }`);

/** A configuration with guardrails, which has to load. */
export async function configWith(cedar: string): Promise<Config> {
  const read = await readConfigFiles(goodFiles({ [GUARDRAILS]: cedar }));
  assert.equal(read.ok, true, read.ok ? "" : read.error.map(({ message }) => message).join("\n"));
  if (!read.ok) throw new Error("the configuration is not valid");
  return read.value;
}
