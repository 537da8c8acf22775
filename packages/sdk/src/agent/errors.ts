import { isJsonObject, type Json, type JsonObject, readJson } from "@remit/core";

/** What the SDK throws. `code` is stable: a refusal's code, or one of `unreachable`, `answer_malformed`, `no_task`, `other_resource`. */
export class RemitError extends Error {
  readonly code: string;
  /** HTTP status of the answer; undefined where there was none. */
  readonly status: number | undefined;
  /** The OAuth error code of the answer. */
  readonly error: string | undefined;
  /** Id of the decision, to be named when asking why. */
  readonly decision: string | undefined;
  /** The whole refusal as it was answered. */
  readonly refusal: JsonObject | undefined;
  /** Entries that would have sufficed (RFC 9396), where the refusal says so. */
  readonly sufficient: readonly Json[];

  constructor(
    code: string,
    message: string,
    more: {
      readonly status?: number;
      readonly refusal?: JsonObject | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, more.cause === undefined ? {} : { cause: more.cause });
    this.name = "RemitError";
    this.code = code;
    this.status = more.status;
    this.refusal = more.refusal;
    this.error = textOf(more.refusal?.["error"]);
    this.decision = textOf(remitOf(more.refusal)["decision"]) ?? textOf(more.refusal?.["decision"]);
    const sufficient = more.refusal?.["sufficient"];
    this.sufficient = Array.isArray(sufficient) ? sufficient : [];
  }
}

const textOf = (value: Json | undefined): string | undefined => (typeof value === "string" ? value : undefined);

function remitOf(refusal: JsonObject | undefined): JsonObject {
  const remit = refusal?.["remit"];
  return isJsonObject(remit) ? remit : {};
}

/** The refusal that an answer of a broker or an enforcement point carries; undefined for a good answer. Reads the body. */
export async function refusalOf(response: Response): Promise<RemitError | undefined> {
  if (response.ok) return undefined;
  return refusalFrom(response.status, await response.text());
}

/** The refusal in a body that was already read. */
export function refusalFrom(status: number, text: string): RemitError {
  const json = readJson(text);
  const body = json.ok && isJsonObject(json.value) ? json.value : undefined;
  const code = textOf(remitOf(body)["code"]) ?? textOf(body?.["code"]) ?? textOf(body?.["error"]);
  if (body === undefined || code === undefined)
    return new RemitError("answer_malformed", `the answer has status ${status} and no refusal`, {
      status,
    });
  const why = textOf(body["error_description"]) ?? textOf(body["detail"]) ?? code;
  return new RemitError(code, why, { status, refusal: body });
}
