import { CommandError } from "../exit.ts";
import type { Output } from "../output.ts";
import { askProgram, programFile } from "../supervise.ts";

/** Validates a configuration folder with the broker's own reader; changes nothing. */
export async function check(config: string, output: Output): Promise<void> {
  const { answer } = await askProgram(programFile("@remit/broker"), ["--check", "--config", config, "--json"]);
  if (answer === undefined)
    throw new CommandError("error", "the broker could not read the folder", {
      fix: "its words are above",
    });
  const faults = lines(answer["faults"], faultLine);
  if (answer["ok"] !== true) {
    throw new CommandError("error", [`\`${config}\` is not valid:`, ...faults].join("\n  "), {
      fix: "mend the lines named above; nothing was loaded",
      facts: answer,
    });
  }
  output.answer(answer, [
    `${config} is valid`,
    ...lines(answer["sentences"], (value) => (typeof value === "string" ? `  ${value}` : "")),
  ]);
}

const lines = (value: unknown, print: (item: unknown) => string): readonly string[] =>
  Array.isArray(value) ? value.map(print) : [];

function faultLine(fault: unknown): string {
  if (typeof fault !== "object" || fault === null) return String(fault);
  const { file, line, key, message } = { file: "", line: undefined, key: "", message: "", ...fault };
  return `${file}${typeof line === "number" ? `:${line}` : ""} ${key === "" ? "" : `\`${key}\` `}${message}`;
}
