import { err, ok, type Result } from "@remit/core";
import type { Faults } from "../../config/faults.ts";
import type { ConfigFiles } from "../../config/files.ts";
import { asJson } from "../../config/parsed.ts";
import { readRule, type RuleParts } from "./monotone.ts";
import { type Cedar, type Guardrails, loadCedar, NO_GUARDRAILS, prepareGuardrails, type Rule } from "./prepare.ts";
import { ATTRIBUTES, cedarSchema, type Vocabulary } from "./vocabulary.ts";

interface Placed extends Rule {
  readonly path: string;
  readonly line: number;
}

/** Reads the files of `guardrails/`; every fault is named with its line, and then none of them counts. */
export async function readGuardrails(files: ConfigFiles, words: Vocabulary, faults: Faults): Promise<Guardrails> {
  const speaking = files.filter(({ text }) => saysSomething(text));
  if (speaking.length === 0) return NO_GUARDRAILS;
  const cedar = await loadCedar();
  const before = faults.all.length;
  const rules = speaking.flatMap((file) => readWhole(cedar, file, words, faults));
  for (const [index, { name, path, line }] of rules.entries()) {
    const first = rules.findIndex((rule) => rule.name === name);
    if (first < index) faults.add(path, "@id", `\`${name}\` is the name of another guardrail, too`, line);
  }
  return faults.all.length > before ? NO_GUARDRAILS : prepareGuardrails(cedar, rules, words);
}

/** A file of comments alone, as `remit init` writes it, is no guardrail. */
const saysSomething = (text: string): boolean => text.replaceAll(/\/\/.*$/gm, "").trim() !== "";

/** What Cedar cannot even finish reading is a mistake in that file; the engine is of no use after that, so none counts. */
function readWhole(cedar: Cedar, file: Text, words: Vocabulary, faults: Faults): readonly Placed[] {
  try {
    return readFile(cedar, file, words, faults);
  } catch (error) {
    faults.add(file.path, "", `cannot be read by Cedar (${String(error)}); is it nested deeply?`, 1);
    return [];
  }
}

interface Text {
  readonly path: string;
  readonly text: string;
}

function readFile(cedar: Cedar, file: Text, words: Vocabulary, faults: Faults): readonly Placed[] {
  const parts = cedar.policySetTextToParts(file.text);
  if (parts.type === "failure") {
    for (const error of parts.errors)
      faults.add(file.path, "", saying(error), lineAt(file.text, error.sourceLocations?.[0]?.start ?? 0));
    return [];
  }
  const lines = linesIn(file.text);
  for (const template of parts.policy_templates)
    faults.add(file.path, "", "has a slot (`?principal`), which nobody would fill", lines(template));
  return parts.policies.flatMap((text) => {
    const line = lines(text);
    const rule = readOne(cedar, text, words);
    if (rule.ok) return [{ ...rule.value, text, path: file.path, line }];
    for (const { message, at } of rule.error) faults.add(file.path, "", message, line + lineAt(text, at) - 1);
    return [];
  });
}

interface At {
  readonly message: string;
  /** Byte within the rule. */
  readonly at: number;
}

/** What we demand comes first, because it can say what to write instead; then everything that Cedar's validator finds. */
function readOne(cedar: Cedar, text: string, words: Vocabulary): Result<RuleParts, readonly At[]> {
  const json = cedar.policyToJson(text);
  if (json.type === "failure") return err(json.errors.map((error) => ({ message: saying(error), at: 0 })));
  const plain = asJson(json.json);
  if (plain === undefined)
    return err([{ message: "is nested too deeply, or has a number past 2^53; make several guardrails of it", at: 0 }]);
  const rule = readRule(plain, words);
  if (!rule.ok) return err([{ message: rule.error, at: 0 }]);
  const checked = cedar.validate({
    schema: cedarSchema(words, ATTRIBUTES),
    policies: { staticPolicies: { [rule.value.name]: text } },
    validationSettings: { mode: "strict" },
  });
  const found =
    checked.type === "failure"
      ? [...checked.errors, ...checked.warnings]
      : [
          ...[...checked.validationErrors, ...checked.validationWarnings].map(({ error }) => error),
          ...checked.otherWarnings,
        ];
  return found.length === 0
    ? ok(rule.value)
    : err(found.map((error) => ({ message: saying(error), at: error.sourceLocations?.[0]?.start ?? 0 })));
}

const saying = ({ message, help }: { readonly message: string; readonly help: string | null }): string =>
  help === null ? message : `${message} (${help})`;

/** The line of a byte; Cedar counts in UTF-8. */
const lineAt = (text: string, byte: number): number =>
  Buffer.from(text).subarray(0, byte).toString().split("\n").length;

/** Finds the line of each part of a file, also of one that stands there twice, or once more in a comment. */
function linesIn(text: string): (part: string) => number {
  const from = new Map<string, number>();
  return (part) => {
    let at = text.indexOf(part, from.get(part) ?? 0);
    while (at > 0 && text.slice(text.lastIndexOf("\n", at - 1) + 1, at).includes("//")) {
      const next = text.indexOf(part, at + 1);
      if (next < 0) break;
      at = next;
    }
    from.set(part, at + 1);
    return text.slice(0, at).split("\n").length;
  };
}
