import assert from "node:assert/strict";
import { test } from "node:test";
import { openEndpoint } from "../src/run/endpoint.ts";

const RESOURCE = "https://gw.example/r/github-acme";

const pages = {
  fetch: async () =>
    Promise.resolve(
      new Response("[]", {
        headers: {
          ...{ "content-type": "application/json", "retry-after": "7", "dpop-nonce": "n" },
          link: `<${RESOURCE}/repos/Acme/desk/issues?page=2>; rel="next"`,
        },
      }),
    ),
};

test("[run.schemes] the phantom credential is taken under the schemes in which clients send one, and under no other", async () => {
  await using endpoint = await openEndpoint(RESOURCE, pages);
  const phantom = endpoint.phantom.reveal();
  const basic = Buffer.from(`agent:${phantom}`).toString("base64");
  const asked = [`Bearer ${phantom}`, `token ${phantom}`, `Basic ${basic}`, `Digest ${phantom}`, `token ${phantom}x`];
  const statuses = await Promise.all(
    asked.map(async (authorization) => (await fetch(`${endpoint.url}/x`, { headers: { authorization } })).status),
  );
  assert.deepEqual(statuses, [200, 200, 200, 401, 401]);
});

test("[run.next-page] a link to the next page leads to the endpoint, and no other header of the gateway is passed on but the wait", async () => {
  await using endpoint = await openEndpoint(RESOURCE, pages);
  const headers = { authorization: `Bearer ${endpoint.phantom.reveal()}` };
  const answered = await fetch(`${endpoint.url}/repos/Acme/desk/issues`, { headers });
  assert.equal(answered.headers.get("link"), `<${endpoint.url}/repos/Acme/desk/issues?page=2>; rel="next"`);
  assert.equal(answered.headers.get("retry-after"), "7");
  assert.equal(answered.headers.get("dpop-nonce"), null);
});

test("[run.links] links of a JSON answer lead to the endpoint, and the bytes of a file are left as they are", async () => {
  const next = `${RESOURCE}/api/v2/tickets/1/comments.json?page=2`;
  const body = JSON.stringify({ next_page: next, body: `see ${next}`, other: `${RESOURCE}-other/x` });
  const types = ["application/json", "application/octet-stream"];
  const told: string[] = [];
  for (const type of types) {
    const answer = async (): Promise<Response> =>
      Promise.resolve(new Response(body, { headers: { "content-type": type } }));
    await using endpoint = await openEndpoint(RESOURCE, { fetch: answer });
    const headers = { authorization: `Bearer ${endpoint.phantom.reveal()}` };
    const text = await (await fetch(`${endpoint.url}/x`, { headers })).text();
    told.push(text.replaceAll(endpoint.url, "http://endpoint"));
  }
  assert.deepEqual(told, [body.replace(`"${next}"`, `"${next.replace(RESOURCE, "http://endpoint")}"`), body]);
});
