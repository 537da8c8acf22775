import { basename } from "node:path";
import { readConnectorFile } from "../connector/read-connector.ts";
import { CommandError } from "../exit.ts";
import type { Finding } from "../lint/finding.ts";
import { lintConnector } from "../lint/lint.ts";
import type { Output } from "../output.ts";

/** Says what a careful reviewer would ask about a connector; an error where something must be mended. */
export function connectorLint(fileOrName: string, config: string, output: Output): void {
  const { file, connector, lineOf } = readConnectorFile(fileOrName, config);
  const findings = lintConnector(connector).map((finding) => ({
    ...finding,
    path: finding.path.join("."),
    line: lineOf(finding.path),
  }));
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const lines = findings.flatMap((finding) => linesOf(basename(file), finding));
  if (errors > 0)
    throw new CommandError("error", [`${counted(errors, "error")} in ${file}:`, ...lines].join("\n"), {
      fix: "mend what is marked `error`; warnings are for you to judge",
      facts: { findings },
    });
  output.answer({ ok: true, file, findings }, [...lines, `${file}: no errors, ${counted(findings.length, "warning")}`]);
}

type Located = Omit<Finding, "path"> & { readonly path: string; readonly line: number };

const linesOf = (file: string, { severity, line, path, what, why, fix, rule }: Located): readonly string[] => [
  `${file}:${line} ${severity} ${what} (${rule})`,
  `    at   ${path}`,
  `    why  ${why}`,
  `    fix  ${fix}`,
];

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;
