import { dpopProof } from "./dpop.ts";
import { RemitError } from "./errors.ts";
import type { AgentOptions, HeldToken } from "./words.ts";

/** The last nonce that the resource gave. */
export interface ResourceState {
  nonce: string | undefined;
}

/** Calls the resource with token and proof (RFC 9449 7.1); once more with a new nonce if it asks for one and the body can be sent again. */
export async function callResource(
  options: AgentOptions,
  state: ResourceState,
  held: HeldToken,
  target: string | URL,
  init: RequestInit = {},
): Promise<Response> {
  const url = new URL(target);
  if (!isBelow(url, held.resource))
    throw new RemitError("other_resource", "the token is for another resource than this URL");
  const sent = state.nonce;
  const response = await callOnce(options, state, held, url, init);
  const asked = response.status === 401 && state.nonce !== sent && wantsNonce(response);
  if (!asked || init.body instanceof ReadableStream) return response;
  await response.body?.cancel();
  return callOnce(options, state, held, url, init);
}

async function callOnce(
  options: AgentOptions,
  state: ResourceState,
  held: HeldToken,
  url: URL,
  init: RequestInit,
): Promise<Response> {
  const method = (init.method ?? "GET").toUpperCase();
  const headers = new Headers(init.headers);
  headers.set("authorization", `DPoP ${held.accessToken.reveal()}`);
  headers.set(
    "dpop",
    dpopProof({
      key: options.dpopKey,
      method,
      url: url.href,
      nonce: state.nonce,
      accessToken: held.accessToken,
      now: (options.now ?? Date.now)(),
    }),
  );
  const request = { ...init, method, headers, redirect: "manual" } as const;
  try {
    const response = await (options.fetch ?? fetch)(url, request);
    state.nonce = response.headers.get("dpop-nonce") ?? state.nonce;
    return response;
  } catch (cause) {
    if (init.signal?.aborted === true) throw cause;
    throw new RemitError("unreachable", "the resource cannot be reached", { cause });
  }
}

const wantsNonce = (response: Response): boolean =>
  (response.headers.get("www-authenticate") ?? "").includes('error="use_dpop_nonce"');

/** Whether a URL is the resource or below it, after the platform's own normalisation. */
function isBelow(url: URL, resource: string): boolean {
  const base = new URL(resource);
  if (url.origin !== base.origin || url.username !== "" || url.password !== "") return false;
  const path = base.pathname.replace(/\/$/, "");
  return url.pathname === path || url.pathname.startsWith(`${path}/`);
}
