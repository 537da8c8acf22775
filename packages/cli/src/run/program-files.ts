import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What may stand in a line: `{base_url}`, `{host}` and `{credential}`. */
export interface FileValues {
  readonly base_url: string;
  readonly host: string;
  readonly credential: string;
}

/** Files that are there for one run, and the variables that name them. Disposing of them takes them away. */
export interface ProgramFiles extends Disposable {
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Writes the files in which a program expects where its API is and with which credential, where variables do not carry
 * that: one file a variable, readable by this user alone, in a folder of its own.
 */
export function writeProgramFiles(
  files: Readonly<Record<string, readonly string[]>>,
  values: FileValues,
): ProgramFiles {
  if (Object.keys(files).length === 0) return { variables: {}, [Symbol.dispose]: () => undefined };
  const folder = mkdtempSync(join(tmpdir(), "remit-run-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const variables = Object.entries(files).map(([name, lines]) => {
      const file = join(folder, name.toLowerCase());
      writeFileSync(file, lines.map((line) => `${filled(line, values)}\n`).join(""), { mode: 0o600, flag: "wx" });
      return [name, file] as const;
    });
    return { variables: Object.fromEntries(variables), [Symbol.dispose]: remove };
  } catch (error) {
    remove();
    throw error;
  }
}

const filled = (line: string, values: FileValues): string =>
  line
    .replaceAll("{base_url}", () => values.base_url)
    .replaceAll("{host}", () => values.host)
    .replaceAll("{credential}", () => values.credential);
