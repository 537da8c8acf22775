import type { ServerResponse } from "node:http";
import type { TestContext } from "node:test";
import { gatewayWorld, type GatewayWorld, ISSUE, type WorldOptions } from "./gateway-world.ts";
import { connectorsTaking, openTokenServer, type TokenServer } from "./token-endpoint.ts";
import { type Reached, sendJson } from "./upstream.ts";

export const CLIENT_SECRET = "client-canary+/%2F&4Jk2";
export const CLIENT = "remit:client";

export interface OauthWorld {
  readonly world: GatewayWorld;
  readonly tokens: TokenServer;
  /** What `remit connect` sends for this connection. */
  readonly asked: Readonly<Record<string, unknown>>;
}

export const bearerOf = ({ rawHeaders }: Reached): string =>
  (rawHeaders[rawHeaders.findIndex((name) => /^authorization$/i.test(name)) + 1] ?? "").replace("Bearer ", "");

/** A gateway whose credential is a refresh token, and an upstream that takes only the tokens that are good now. */
export async function oauthWorld(
  t: TestContext,
  more: Readonly<Record<string, unknown>> = { expires_in: 3_600 },
  options: WorldOptions = {},
): Promise<OauthWorld> {
  const tokens = await openTokenServer(t);
  tokens.more = more;
  const inject = { form: "oauth_refresh", token_endpoint: tokens.url, client_id: CLIENT };
  const secrets = { secret: tokens.refresh, client_secret: CLIENT_SECRET };
  const connectors = connectorsTaking(t, "oauth_refresh");
  const world = await gatewayWorld(t, { connectors, inject, secrets, ...options });
  world.upstream.answer = (request, response) => onlyGood(tokens, request, response);
  const asked = {
    ...{ name: "jira-acme", resource: "jira-acme", connector: "jira", origin: world.upstream.origin, as: "service" },
    ...{ inject, account: "svc", insecure_loopback: true, ...secrets },
  };
  return { world, tokens, asked };
}

export const onlyGood = (tokens: TokenServer, request: Reached, response: ServerResponse): boolean =>
  tokens.good.has(bearerOf(request)) ? false : sendJson(response, 401, { message: "who are you" });

/** Holds the token endpoint's answers until told. */
export function holdTokens(tokens: TokenServer): { readonly arrived: Promise<void>; readonly release: () => void } {
  const [arrived, told] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  tokens.answer = async () => {
    arrived.resolve();
    await told.promise;
    return false;
  };
  return { arrived: arrived.promise, release: told.resolve };
}

export const read = async (world: GatewayWorld): Promise<number> => (await world.call("GET", ISSUE)).status;
