/** Why an upstream gave no usable answer. `sent` says whether a byte may have reached it. */
export class UpstreamFault extends Error {
  readonly sent: boolean;
  /** Whether there was an answer, though none that can be used. */
  readonly answered: boolean;
  /** What a caller is told. */
  readonly code: "upstream_failed" | "injection_failed";
  constructor(
    message: string,
    sent: boolean,
    answered: boolean,
    code: "upstream_failed" | "injection_failed" = "upstream_failed",
  ) {
    super(message);
    this.sent = sent;
    this.answered = answered;
    this.code = code;
  }
}
