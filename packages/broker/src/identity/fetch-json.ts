import { isJsonObject, type JsonObject, readJson } from "@remit/core";

const TIMEOUT_MS = 5_000;

/** Fetches a small JSON object: no redirects, bounded size and time, 200 only. Anything else is a fault. */
export async function fetchJson(url: URL, maxBytes: number): Promise<JsonObject> {
  const response = await fetch(url, {
    redirect: "error",
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: { accept: "application/json" },
  });
  if (response.status !== 200 || response.body === null)
    throw new Error(`\`${url.origin}\` answered ${response.status}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`\`${url.origin}\` answered with more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  const json = readJson(Buffer.concat(chunks), {
    bytes: maxBytes,
    depth: 12,
    nodes: 5_000,
    keys: 256,
    string: 16_384,
  });
  if (!json.ok || !isJsonObject(json.value)) throw new Error(`\`${url.origin}\` did not answer with a JSON object`);
  return json.value;
}
