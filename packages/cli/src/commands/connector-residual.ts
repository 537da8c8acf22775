import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Connector } from "@remit/core";
import { readConnectorFile } from "../connector/read-connector.ts";
import { type TypeUse, usesIn } from "../connector/uses.ts";
import { CommandError } from "../exit.ts";
import { storedSession } from "../login/session-file.ts";
import type { Output } from "../output.ts";
import { findRunning, type Places } from "../places.ts";
import { adminJson, takeSeat } from "../session.ts";

/** Says what a stored credential could do if it were stolen, beside what grants use of it, and how to get a narrower one. */
export async function connectorResidual(
  asked: { readonly connector: string; readonly config: string; readonly folderAsked: boolean },
  places: Places,
  output: Output,
): Promise<void> {
  const { connector } = readConnectorFile(asked.connector, asked.config);
  const { residual, title } = connector;
  if (residual === undefined)
    throw new CommandError("error", `the connector \`${connector.name}\` does not say what its credential could do`, {
      fix: "add `residual` to it: docs/connectors.md says how",
    });
  const used = await usedBy(connector, asked, places);
  output.answer(
    { ok: true, connector: connector.name, could: residual.could, ...used.facts, narrower: residual.narrower },
    [
      `Whoever stole the stored credential of ${title} could:`,
      ...residual.could.map((line) => `  - ${line}`),
      "",
      ...used.lines,
      "",
      "A narrower credential:",
      ...residual.narrower.map((line) => `  - ${line}`),
    ],
  );
}

interface Used {
  readonly facts: Readonly<Record<string, unknown>>;
  readonly lines: readonly string[];
}

/** From the folder that was named; else from the running broker, if somebody is logged in; else from the usual folder. */
async function usedBy(
  connector: Connector,
  { config, folderAsked }: { readonly config: string; readonly folderAsked: boolean },
  places: Places,
): Promise<Used> {
  if (!folderAsked && isLoggedIn(places)) return live(connector, places);
  if (existsSync(join(config, "policies"))) return inFolder(connector, config);
  if (folderAsked)
    throw new CommandError("error", `\`${config}\` is no configuration folder`, { fix: "name another one" });
  return {
    facts: { used: null },
    lines: [
      "What grants use of it is not known: no broker runs here to which you are logged in, and no folder was named.",
    ],
  };
}

function isLoggedIn(places: Places): boolean {
  try {
    return storedSession(places, findRunning(places.data).issuer) !== undefined;
  } catch (error) {
    // nothing runs, which is an answer here
    if (error instanceof CommandError) return false;
    throw error;
  }
}

function inFolder(connector: Connector, config: string): Used {
  const used = usesIn(config, connector);
  const total = Object.values(connector.types).filter((type) => Object.keys(type.operations).length > 0).length;
  return {
    facts: { used, from: config },
    lines: [
      `The policies in ${config} give at most this of it, one task at a time (${used.length} of ${total} record types):`,
      ...(used.length === 0 ? ["  - nothing"] : used.flatMap(linesOf)),
    ],
  };
}

const linesOf = ({ title, policies, actions, read, write, of }: TypeUse): readonly string[] => [
  `  - ${title}: ${listed(actions)} (${actions.length} of ${of.actions} actions)`,
  `      reads ${listed(read)} (${read.length} of ${of.read} fields), writes ${listed(write)} (${write.length} of ${of.write})`,
  `      by ${policies.length === 1 ? "the policy" : "the policies"} ${listed(policies)}`,
];

const listed = (names: readonly string[]): string => (names.length === 0 ? "nothing" : names.join(", "));

/** The broker says its policies in sentences, each of which ends with the resource that it is about. */
async function live(connector: Connector, places: Places): Promise<Used> {
  const seat = takeSeat(places);
  const resources = rows((await adminJson(seat, "/admin/resources"))["resources"])
    .filter((resource) => resource["connector"] === connector.name)
    .map((resource) => String(resource["name"]));
  const policies = rows((await adminJson(seat, "/admin/policies"))["policies"]).flatMap((policy) => {
    const sentences = (Array.isArray(policy["sentences"]) ? policy["sentences"] : []).filter(
      (sentence): sentence is string =>
        typeof sentence === "string" && resources.some((name) => `${sentence},`.includes(` in ${name},`)),
    );
    return sentences.length === 0 ? [] : [{ policy: String(policy["policy"]), sentences }];
  });
  return {
    facts: { used: policies, from: seat.running.issuer },
    lines: [
      "The live policies give at most this of it, one task at a time:",
      ...(policies.length === 0
        ? ["  - nothing"]
        : policies.flatMap(({ policy, sentences }) => [
            `  - by the policy ${policy}:`,
            ...sentences.map((sentence) => `      ${sentence}`),
          ])),
    ],
  };
}

const rows = (value: unknown): readonly Readonly<Record<string, unknown>>[] =>
  (Array.isArray(value) ? value : []).filter((row) => typeof row === "object" && row !== null);
