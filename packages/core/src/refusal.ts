/**
 * Every reason for which Remit says no. Closed: a reason that is not here cannot be given, and each has an anchor
 * in `docs/refusals.md`. Two audiences: the wire gets the code (and sometimes only the vaguer one of its table row),
 * the record gets the detail.
 */

/** Where a refusal is spoken: at an OAuth endpoint (RFC 6749 5.2) or at a protected resource (RFC 6750 3.1). */
export type RefusalSide = "oauth" | "resource";

interface Row {
  readonly side: RefusalSide;
  readonly status: number;
  /** The standard's own error code, as it appears on the wire. */
  readonly error: string;
  /** The one sentence that the wire may carry. Never holds a value from the request. */
  readonly text: string;
}

const oauth = (status: number, error: string, text: string): Row => ({
  side: "oauth",
  status,
  error,
  text,
});
const resource = (status: number, error: string, text: string): Row => ({
  side: "resource",
  status,
  error,
  text,
});
const insufficient = (text: string): Row => resource(403, "insufficient_authorization_details", text);

/** The closed enumeration, with its one translation to the wire. */
export const REFUSALS = {
  // OAuth endpoints
  malformed_request: oauth(400, "invalid_request", "the request is not well formed"),
  repeated_parameter: oauth(400, "invalid_request", "a parameter is repeated"),
  unsupported_grant_type: oauth(400, "unsupported_grant_type", "this grant type is not served"),
  client_unknown: oauth(401, "invalid_client", "client authentication failed"),
  client_assertion_invalid: oauth(401, "invalid_client", "client authentication failed"),
  client_suspended: oauth(401, "invalid_client", "client authentication failed"),
  client_not_allowed: oauth(400, "unauthorized_client", "this client may not do that"),
  proof_missing: oauth(400, "invalid_dpop_proof", "a DPoP proof is required"),
  proof_invalid: oauth(400, "invalid_dpop_proof", "the DPoP proof is not valid"),
  proof_replayed: oauth(400, "invalid_dpop_proof", "the DPoP proof was used before"),
  nonce_required: oauth(400, "use_dpop_nonce", "use the nonce of the DPoP-Nonce header"),
  subject_token_invalid: oauth(400, "invalid_request", "the subject token is not accepted"),
  subject_token_type_unsupported: oauth(400, "invalid_request", "the subject token type is not accepted"),
  subject_token_used: oauth(400, "invalid_request", "the subject token was used before"),
  subject_suspended: oauth(400, "invalid_grant", "the subject may not get tokens now"),
  parent_key_mismatch: oauth(400, "invalid_request", "a token of this broker is exchangeable only with its own key"),
  scope_unknown: oauth(400, "invalid_scope", "authority is asked for by authorization_details, not by scope"),
  resource_unknown: oauth(400, "invalid_target", "the resource is not known here"),
  resource_unavailable: oauth(400, "invalid_target", "no enforcement point serves this resource now"),
  details_invalid: oauth(400, "invalid_authorization_details", "authorization_details is not valid for its type"),
  details_too_large: oauth(400, "invalid_authorization_details", "more authority than one token carries"),
  policy_none: oauth(400, "invalid_authorization_details", "no trust policy allows this"),
  policy_ambiguous: oauth(400, "invalid_authorization_details", "several trust policies fit; name one"),
  outside_parent: oauth(400, "invalid_authorization_details", "the parent grant does not hold this"),
  outside_ceiling: oauth(400, "invalid_authorization_details", "a ceiling does not allow this"),
  guardrail_forbids: oauth(400, "invalid_authorization_details", "a guardrail forbids this"),
  policy_unavailable: oauth(503, "temporarily_unavailable", "policy cannot be decided now"),
  record_not_resolved: oauth(400, "invalid_authorization_details", "the record cannot be granted"),
  limit_reached: oauth(400, "access_denied", "a limit of the trust policy is reached"),
  approval_unavailable: oauth(400, "access_denied", "this needs an approval, which cannot be given here yet"),
  feature_unavailable: oauth(400, "invalid_request", "this broker does not serve that yet"),
  task_ended: oauth(400, "invalid_grant", "the task or grant has ended"),
  lease_lapsed: oauth(400, "invalid_grant", "the lease has lapsed"),
  grant_unknown: oauth(400, "invalid_grant", "the grant is not known to this key"),
  handle_invalid: oauth(400, "invalid_grant", "the handle is not valid"),
  session_required: oauth(401, "invalid_token", "log in first"),
  not_permitted: oauth(403, "access_denied", "this identity may not do that"),
  issuing_paused: oauth(503, "temporarily_unavailable", "issuing is paused"),
  overloaded: oauth(503, "temporarily_unavailable", "too busy; try again"),
  // protected resources: before the token counts
  head_refused: resource(400, "invalid_request", "the request line or headers have more than one reading"),
  body_refused: resource(
    400,
    "invalid_request",
    "the body is not of this operation's form, in JSON as `application/json`",
  ),
  token_missing: resource(401, "", "a token is required"),
  token_invalid: resource(401, "invalid_token", "the token is not valid here"),
  token_revoked: resource(401, "invalid_token", "the token is not valid here"),
  dpop_invalid: resource(401, "invalid_dpop_proof", "the DPoP proof is not valid"),
  dpop_replayed: resource(401, "invalid_dpop_proof", "the DPoP proof is not valid"),
  dpop_nonce: resource(401, "use_dpop_nonce", "use the nonce of the DPoP-Nonce header"),
  // protected resources: the decision
  operation_unknown: insufficient("this request is not an operation that can be granted"),
  operation_not_granted: insufficient("the operation is not granted"),
  record_not_granted: insufficient("the record is not granted"),
  field_not_granted: insufficient("a field is not granted"),
  value_not_granted: insufficient("a value is outside what is granted"),
  connector_changed: insufficient("the grant was made for another version of this connector"),
  approval_required: insufficient("the operation needs an approval"),
  // protected resources: the call
  limit: resource(429, "limit", "the budget is spent"),
  precondition_failed: resource(409, "precondition_failed", "the record is not as it was"),
  outcome_unknown: resource(409, "outcome_unknown", "an earlier attempt may have taken effect"),
  upstream_refused: resource(502, "upstream_refused", "the upstream service refused"),
  upstream_failed: resource(502, "upstream_failed", "the upstream service did not answer as expected"),
  reflected_secret: resource(502, "reflected_secret", "the response was withheld"),
  record_mismatch: resource(502, "record_mismatch", "the upstream answered for another record"),
  injection_failed: resource(502, "injection_failed", "the credential could not be injected"),
  feed_stale: resource(503, "feed_stale", "this enforcement point cannot prove that it is up to date"),
  proofs_full: resource(503, "proofs_full", "too many proofs; try again"),
  log_full: resource(503, "log_full", "the log cannot be written"),
  budget_unavailable: resource(503, "budget_unavailable", "the budget cannot be asked now"),
} as const satisfies Record<string, Row>;

/** A reason; the compiler knows them all. */
export type RefusalCode = keyof typeof REFUSALS;

/** What an honest caller would have needed: entries as in RFC 9396, computed from the request's own bytes. */
export interface Sufficient {
  readonly type: string;
  readonly alias?: string;
  /** There instead of the alias where a list of what a parent holds was asked for. */
  readonly within?: { readonly type: string; readonly alias: string };
  readonly actions: readonly string[];
  readonly fields?: { readonly read?: readonly string[]; readonly write?: readonly string[] };
  readonly where?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** A reasoned no. `detail` is for the record and the operator; it never goes on the wire. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly detail: string;
  /** Which part of the request was over, e.g. `{"fields.write": ["assignee"]}`. */
  readonly over?: Readonly<Record<string, readonly string[]>>;
  readonly sufficient?: readonly Sufficient[];
  /** The canonical operation name, where one was recognised. */
  readonly operation?: string;
  /** The record as the caller named it. */
  readonly alias?: string;
}

/** Makes a refusal. */
export const refuse = (code: RefusalCode, detail: string, more: Omit<Refusal, "code" | "detail"> = {}): Refusal => ({
  code,
  detail,
  ...more,
});
