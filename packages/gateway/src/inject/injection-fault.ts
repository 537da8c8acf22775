import { UpstreamFault } from "../upstream/fault.ts";

/** Why there is no credential to send, so that nothing was sent. Its message quotes nothing that came from outside. */
export class InjectionFault extends UpstreamFault {
  /** Nobody should ask again before so long. */
  readonly waitMs: number;
  constructor(message: string, waitMs = 0) {
    super(message, false, false, "injection_failed");
    this.waitMs = waitMs;
  }
}
