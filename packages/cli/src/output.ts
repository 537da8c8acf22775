import { styleText } from "node:util";

/** How a command speaks: sentences on stderr for people, one JSON value on stdout for machines. */
export interface Output {
  readonly json: boolean;
  /** The command's answer. `human` is printed to stdout without `--json`, `value` as one line with it. */
  answer(value: Readonly<Record<string, unknown>>, human: string | readonly string[]): void;
  /** What is going on, for people; silent with `--json`. */
  say(line: string): void;
  /** Something a person should know whatever the format; goes to stderr. */
  warn(line: string): void;
}

/** Text from elsewhere, made safe for a terminal: control and bidirectional characters become visible escapes. */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}

type Stream = { write(text: string): unknown };

/** Makes the output of one command. */
export function createOutput(json: boolean, stdout: Stream, stderr: Stream): Output {
  return {
    json,
    answer(value, human) {
      const lines = typeof human === "string" ? [human] : human;
      stdout.write(json ? `${JSON.stringify(value)}\n` : lines.map((line) => `${printable(line)}\n`).join(""));
    },
    say(line) {
      if (!json) stderr.write(`${printable(line)}\n`);
    },
    warn(line) {
      stderr.write(`${styleText("yellow", "!", { stream: process.stderr })} ${printable(line)}\n`);
    },
  };
}
