/** One mistake in a configuration folder: where, which member, and what would be right. */
export interface ConfigFault {
  readonly file: string;
  readonly line: number | undefined;
  readonly key: string;
  readonly message: string;
}

/** Collects the faults of a whole folder, so that a person mends them together. */
export interface Faults {
  /** Without a line, the fault has that of its key, if the file was read that far. */
  add(file: string, key: string, message: string, line?: number): void;
  /** Tells where the members of a file are. */
  locate(file: string, lineOf: LineOf): void;
  /** The line of `limits.each` or `may[0].fields`, or of what is nearest above it. */
  lineOf(file: string, key: string): number | undefined;
  readonly all: readonly ConfigFault[];
}

type LineOf = (path: readonly PropertyKey[]) => number | undefined;

const pathOf = (key: string): readonly PropertyKey[] =>
  key
    .split(/[.[\]]+/)
    .filter((part) => part !== "")
    .map((part) => (/^[0-9]+$/.test(part) ? Number(part) : part));

export function createFaults(): Faults {
  const all: ConfigFault[] = [];
  const places = new Map<string, LineOf>();
  const lineOf = (file: string, key: string): number | undefined => places.get(file)?.(pathOf(key));
  return {
    add: (file, key, message, line = lineOf(file, key)) => void all.push({ file, line, key, message }),
    locate: (file, find) => void places.set(file, find),
    lineOf,
    all,
  };
}
