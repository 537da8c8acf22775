/** Exit codes of every command; stable, part of the command line's contract. */
export const EXIT = {
  ok: 0,
  error: 1,
  usage: 2,
  notLoggedIn: 3,
  refused: 4,
  approvalPending: 5,
  ended: 6,
  upstreamFailed: 7,
  verificationFailed: 8,
} as const;

export type ExitName = keyof typeof EXIT;

/** An end of a command that a person or a script can act on: what happened and what to do about it. */
export class CommandError extends Error {
  readonly exit: ExitName;
  readonly fix: string | undefined;
  /** Extra members of the `--json` answer; never a secret. */
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(
    exit: ExitName,
    message: string,
    more: { fix?: string; facts?: Readonly<Record<string, unknown>>; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? {} : { cause: more.cause });
    this.name = "CommandError";
    this.exit = exit;
    this.fix = more.fix;
    this.facts = more.facts ?? {};
  }
}
