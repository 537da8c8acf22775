import { readConfigFolder } from "./config/read.ts";

/** Validates a folder and says, in its own words, what is wrong or what it gives. */
export async function checkFolder(folder: string): Promise<{ readonly ok: boolean; readonly answer: unknown }> {
  const config = await readConfigFolder(folder);
  if (!config.ok)
    return {
      ok: false,
      answer: {
        ok: false,
        faults: config.error.map((fault) => ({ ...fault, line: fault.line ?? null })),
      },
    };
  const { policies, clients, resources, issuers, guardrails } = config.value;
  const sentences = [...policies.values()].map(
    (policy) =>
      `policy ${policy.policy}: ${policy.client} for people of ${policy.subject.issuer}, ${policy.may.length} ${policy.may.length === 1 ? "entry" : "entries"}, at most ${policy.durationMs / 1000} s a task`,
  );
  return {
    ok: true,
    answer: {
      ok: true,
      digest: config.value.digest,
      counts: {
        policies: policies.size,
        clients: clients.size,
        resources: resources.size,
        issuers: issuers.size,
        guardrails: guardrails.names.length,
      },
      sentences: [...sentences, ...guardrails.names.map((name) => `guardrail ${name}: forbids, whatever policies say`)],
    },
  };
}
