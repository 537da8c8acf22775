/** One mistake in a configuration folder: where, which member, and what would be right. */
export interface ConfigFault {
  readonly file: string;
  readonly line: number | undefined;
  readonly key: string;
  readonly message: string;
}

/** Collects the faults of a whole folder, so that a person mends them together. */
export interface Faults {
  add(file: string, key: string, message: string, line?: number): void;
  readonly all: readonly ConfigFault[];
}

export function createFaults(): Faults {
  const all: ConfigFault[] = [];
  return {
    add: (file, key, message, line) => void all.push({ file, line, key, message }),
    all,
  };
}
