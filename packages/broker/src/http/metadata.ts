import type { JsonObject } from "@remit/core";
import type { Broker } from "../broker.ts";
import { GRANT_TYPES } from "../token-use.ts";

/** Authorization server metadata (RFC 8414 2). `issuer` is the fixed text; endpoints are where this process is now. */
export function metadata(broker: Broker): JsonObject {
  const { issuer, base, config } = broker;
  const algorithms = ["ES256", "EdDSA"];
  const types = [...config.resources.values()].flatMap(({ resource, connector }) =>
    Object.keys(config.connectors.get(connector)?.types ?? {}).map((type) => `${resource}.${type}`),
  );
  return {
    issuer,
    token_endpoint: `${base}/token`,
    introspection_endpoint: `${base}/introspect`,
    revocation_endpoint: `${base}/revoke`,
    jwks_uri: `${base}/jwks`,
    // no authorization endpoint: tokens begin with an identity that another issuer signed
    response_types_supported: ["none"],
    grant_types_supported: Object.values(GRANT_TYPES),
    token_endpoint_auth_methods_supported: ["private_key_jwt"],
    token_endpoint_auth_signing_alg_values_supported: algorithms,
    introspection_endpoint_auth_methods_supported: ["private_key_jwt"],
    introspection_endpoint_auth_signing_alg_values_supported: algorithms,
    revocation_endpoint_auth_methods_supported: ["private_key_jwt"],
    revocation_endpoint_auth_signing_alg_values_supported: algorithms,
    dpop_signing_alg_values_supported: algorithms,
    ...(types.length === 0 ? {} : { authorization_details_types_supported: types }),
  };
}
