import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { logIn } from "@remit/testkit";
import { SECRETS } from "../support/upstreams/github-records.ts";
import { codeOf, githubWorld, refusalOf } from "./github-world.ts";

const ISSUE = { owner: "Acme", repo: "desk", issue_number: 7 };
const issue7 = { type: "github.issue", alias: "Acme/desk#7" };

test("[github.one-label] one label is added and taken away while the others stay, unread; no other label is", async () => {
  await using world = await githubWorld();
  const octokit = await world.client({
    ...{ ...issue7, actions: ["add_label", "remove_label"] },
    where: { add_label: { "/added": { exact: ["triage"] } }, remove_label: { "/removed": { exact: "triage" } } },
  });
  const labels = (): readonly string[] => world.upstream.repository(1001).issues.get(7)?.labels ?? [];
  const added = await octokit.issues.addLabels({ ...ISSUE, labels: ["triage"] });
  assert.ok(!JSON.stringify(added.data).includes("bug"));
  assert.deepEqual(labels(), ["bug", "triage"]);
  assert.equal(await codeOf(octokit.issues.addLabels({ ...ISSUE, labels: ["deploy"] })), "value_not_granted");
  assert.equal(await codeOf(octokit.issues.removeLabel({ ...ISSUE, name: "bug" })), "value_not_granted");
  await octokit.issues.removeLabel({ ...ISSUE, name: "triage" });
  assert.deepEqual(labels(), ["bug"]);
});

test("[github.errors] an error of the API names only granted fields, and a spent rate limit is said with the time to wait", async () => {
  await using world = await githubWorld();
  const octokit = await world.client({
    ...issue7,
    actions: ["read", "edit"],
    fields: { read: ["state"], write: ["title"] },
  });
  const errors = ["title", "milestone"].map((field) => ({
    resource: "Issue",
    field,
    code: "invalid",
    value: SECRETS.milestone,
  }));
  world.upstream.answerNext({ status: 422, body: { message: SECRETS.issue, errors } });
  const rejected = await refusalOf(octokit.issues.update({ ...ISSUE, title: "x" }));
  assert.equal(rejected.status, 422);
  assert.deepEqual(rejected.data, {
    error: "upstream",
    upstream: { status: 422, code: "rejected", fields: ["title"] },
  });
  world.upstream.answerNext({
    status: 403,
    body: { message: `API rate limit exceeded for ${SECRETS.person}` },
    headers: { "x-ratelimit-remaining": "0", "retry-after": "30" },
  });
  const limited = await refusalOf(octokit.issues.get(ISSUE));
  assert.deepEqual([limited.status, limited.headers["retry-after"]], [429, "30"]);
  assert.ok(!JSON.stringify([rejected, limited]).includes(SECRETS.person));
});

test("[github.program] a program with Octokit runs under `remit run` with the address and a phantom credential, changes its issue and gets no other", async () => {
  await using world = await githubWorld();
  await logIn(world.remit);
  const program = [process.execPath, ...process.execArgv, fileURLToPath(new URL("github-program.ts", import.meta.url))];
  const ran = await world.remit.command(["run", "--on", "github.issue:Acme/desk#7", "--", ...program]);
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stdout, /^written by a program\n403\n/);
  assert.ok(!`${ran.stdout}${ran.stderr}`.includes(world.upstream.key));
  assert.equal(world.upstream.repository(1001).issues.get(7)?.title, "written by a program");
});
