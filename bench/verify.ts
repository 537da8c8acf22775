import { generateKeyPairSync } from "node:crypto";
import { canonicalJson, makeId, SeenSet, Secret, signJws, type Json } from "@remit/core";
import { createNonces, createVerifier, dpopProof, makeDpopKey, NONCE_LIFE_SECONDS, signerOf } from "@remit/sdk";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { parseConnector, readJson } from "@remit/core";
import { sha256 } from "@remit/sdk";
import { cpuHere, type Measured } from "./measure.ts";

const random = (): Uint8Array => crypto.getRandomValues(new Uint8Array(10));
const CALLS = 300;
const WINDOWS = 7;

/** The SDK's verification with DPoP, in this process: a token seen before, and tokens never seen. */
export function measureVerify(): { readonly first: Measured; readonly again: Measured } {
  const url = "https://gw.bench.example/r/jira-acme";
  const json = readJson(
    JSON.stringify(parse(readFileSync(new URL("../connectors/jira.yaml", import.meta.url), "utf8"))),
  );
  const connector = json.ok ? parseConnector(json.value, sha256) : undefined;
  if (connector?.ok !== true) throw new Error("the connector does not parse");
  const recordType = connector.value.types["issue"];
  if (recordType === undefined) throw new Error("the connector has no issues");
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const nonces = createNonces(() => performance.now());
  const verifier = createVerifier({
    ...{
      issuer: "https://bench.example",
      resource: url,
      keyOf: () => publicKey,
      nonces,
      seen: new SeenSet(1_000_000, NONCE_LIFE_SECONDS),
    },
    lookup: () => ({ location: url, connector: connector.value, recordType }),
    standing: { isLive: () => true, isFresh: () => true, brokerTime: () => ({ nowMs: Date.now(), uncertaintyMs: 1 }) },
  });
  const key = makeDpopKey();
  const signer = signerOf(privateKey);
  const token = (): Secret<string> =>
    new Secret(
      signJws({ typ: "at+jwt", alg: "ES256", kid: "1" }, claimsFor(url, connector.value.digest, key.jkt), signer.sign),
    );
  const call = (secret: Secret<string>): Parameters<typeof verifier.verify>[0] => ({
    ...{ method: "GET", url, authorization: `DPoP ${secret.reveal()}` },
    dpop: dpopProof({ key, method: "GET", url, nonce: nonces.current(), accessToken: secret, now: Date.now() }),
  });
  const run = (make: () => Secret<string>): Measured => {
    const calls = Array.from({ length: CALLS * (WINDOWS + 1) }, () => call(make()));
    return cpuHere(
      () => {
        const next = calls.pop();
        if (next === undefined || !verifier.verify(next).ok) throw new Error("a good call was refused");
      },
      CALLS,
      WINDOWS,
    );
  };
  const one = token();
  return { first: run(token), again: run(() => one) };
}

function claimsFor(aud: string, connector: string, jkt: string): { readonly [name: string]: Json } {
  const now = Math.floor(Date.now() / 1000);
  const [task, grant, sub, agent] = (["tsk", "grn", "usr", "agt"] as const).map((prefix) =>
    makeId(prefix, Date.now(), random()),
  );
  const claims = {
    ...{
      iss: "https://bench.example",
      aud,
      sub,
      sub_id: { format: "iss_sub", iss: "https://idp.example", sub: "dana" },
      act: { iss: "https://bench.example", sub: agent },
    },
    ...{
      client_id: "bench",
      jti: makeId("tok", Date.now(), random()),
      iat: now,
      nbf: now,
      exp: now + 120,
      cnf: { jkt },
      task,
      grants: [grant],
      depth: { left: 0 },
    },
    ...{ live: [task, grant, sub, agent], connector, connection: makeId("cnx", Date.now(), random()) },
    authorization_details: [
      {
        type: "jira-acme.issue",
        locations: [aud],
        identifier: "10442",
        alias: "PROJ-42",
        actions: ["read"],
        fields: { read: ["summary"], write: [] },
      },
    ],
  };
  const json = readJson(JSON.stringify(claims));
  if (!json.ok) throw new Error(canonicalJson([]));
  return json.value as { readonly [name: string]: Json };
}
