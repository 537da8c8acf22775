import { hash } from "node:crypto";
import type { Config } from "./config/model.ts";
import type { AppliedConfig } from "./store/store.ts";

const digestOf = (value: unknown): string => hash("sha256", JSON.stringify(value) ?? "", "base64url");

/** What of a configuration needs a lasting id, so that a change of it ends what depends on it. */
export function namesOf(config: Config): AppliedConfig["names"] {
  return [
    ...[...config.clients.values()].flatMap((client) => [
      { kind: "cli" as const, name: client.client, digest: digestOf(client.key) },
      { kind: "agt" as const, name: client.client, digest: digestOf(client.client) },
    ]),
    ...[...config.policies.values()].map((policy) => ({
      kind: "pol" as const,
      name: policy.policy,
      // what was given lay within these ceilings, and rests on the word of this issuer
      digest: digestOf([policy, config.issuers.get(policy.subject.issuer)?.issuer, [...config.ceilings.values()]]),
    })),
    ...[...config.connectors.values()].map((connector) => ({
      kind: "cnr" as const,
      name: connector.name,
      digest: connector.digest,
    })),
    ...[...config.issuers.values()].map((issuer) => ({
      kind: "iss" as const,
      name: issuer.name,
      digest: digestOf([issuer, [...issuer.idTokens]]),
    })),
  ];
}
