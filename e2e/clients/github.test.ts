import assert from "node:assert/strict";
import { test } from "node:test";
import { SECRETS, shaOf } from "../support/upstreams/github-records.ts";
import { codeOf, githubWorld } from "./github-world.ts";

const DESK = { owner: "Acme", repo: "desk" };
const ISSUE = { ...DESK, issue_number: 7 };
const issue7 = { type: "github.issue", alias: "Acme/desk#7" };
const desk = { type: "github.repository", alias: "Acme/desk" };
const notes = { type: "github.content", alias: "Acme/desk:docs/notes.md" };

test("[github.issue] an unmodified Octokit reads, edits and comments on the one granted issue; everything is sent by the repository's number", async () => {
  await using world = await githubWorld();
  const octokit = await world.client({
    ...issue7,
    actions: ["read", "edit", "comment", "read_comments"],
    fields: { read: ["title", "state", "labels"], write: ["title", "labels"] },
  });
  const { requests, touched } = await world.during(async () => {
    const { data } = await octokit.issues.get(ISSUE);
    assert.deepEqual(Object.keys(data).sort(), ["labels", "number", "state", "title"]);
    const edited = await octokit.issues.update({ ...ISSUE, title: "Login answers 500", labels: ["triage"] });
    assert.equal(edited.data.title, "Login answers 500");
    const made = await octokit.issues.createComment({ ...ISSUE, body: "looked at" });
    assert.equal(made.data.body, "looked at");
    const comments = await octokit.paginate(octokit.issues.listComments, { ...ISSUE, per_page: 1 });
    assert.deepEqual(
      comments.map(({ body, user }) => [body, Object.keys(user ?? {}).sort()]),
      [
        ["seen here too", ["id", "login"]],
        ["looked at", ["id", "login"]],
      ],
    );
  });
  assert.deepEqual(requests, [
    "GET /repositories/1001/issues/7",
    "PATCH /repositories/1001/issues/7",
    "POST /repositories/1001/issues/7/comments",
    "GET /repositories/1001/issues/7/comments?per_page=1",
    "GET /repositories/1001/issues/7/comments?per_page=1&page=2",
  ]);
  assert.deepEqual(
    new Set(touched.map((what) => what.split(" ").slice(1).join(" "))),
    new Set(["issue 1001/7", "comments issue 1001/7"]),
  );
  assert.equal(world.upstream.repository(1001).issues.get(7)?.title, "Login answers 500");
});

test("[github.refused] what is not granted is refused with its reason, and nothing of it reaches the API", async () => {
  await using world = await githubWorld();
  const octokit = await world.client(
    { ...issue7, actions: ["read", "edit"], fields: { read: ["title"], write: ["title"] } },
    {
      type: "github.pull",
      alias: "Acme/desk#8",
      actions: ["read", "edit", "comment"],
      fields: { read: ["title"], write: ["title"] },
    },
    {
      ...notes,
      actions: ["read", "write"],
      fields: { read: ["content"] },
      where: { write: { "/branch": { exact: "draft" } } },
    },
  );
  const pull = { ...DESK, pull_number: 8 };
  const file = { ...DESK, path: "docs/notes.md" };
  const put = { message: "m", content: "eA==", sha: shaOf("notes\n"), branch: "draft" };
  const refused: readonly (readonly [code: string, call: () => Promise<unknown>])[] = [
    ["record_not_granted", async () => octokit.issues.get({ ...DESK, issue_number: 9 })],
    ["record_not_granted", async () => octokit.issues.get({ ...ISSUE, owner: "acme" })],
    ["record_not_granted", async () => octokit.issues.get({ ...ISSUE, repo: "old-desk" })],
    ["record_not_granted", async () => octokit.issues.get({ ...ISSUE, repo: "vault" })],
    ["record_not_granted", async () => octokit.issues.update({ ...DESK, issue_number: 8, title: "x" })],
    ["record_not_granted", async () => octokit.issues.listForRepo(DESK)],
    ["record_not_granted", async () => octokit.repos.get(DESK)],
    ["field_not_granted", async () => octokit.issues.update({ ...ISSUE, title: "x", assignees: ["sam"] })],
    ["field_not_granted", async () => octokit.issues.update({ ...ISSUE, milestone: null })],
    ["operation_not_granted", async () => octokit.issues.createComment({ ...ISSUE, body: "x" })],
    ["operation_unknown", async () => octokit.issues.updateComment({ ...DESK, comment_id: 9001, body: "x" })],
    ["operation_not_granted", async () => octokit.issues.addLabels({ ...ISSUE, labels: ["x"] })],
    ["operation_unknown", async () => octokit.issues.setLabels({ ...ISSUE, labels: ["x"] })],
    ["operation_unknown", async () => octokit.issues.create({ ...DESK, title: "x" })],
    ["operation_unknown", async () => octokit.pulls.get({ ...pull, mediaType: { format: "diff" } })],
    ["operation_unknown", async () => octokit.pulls.merge(pull)],
    ["operation_unknown", async () => octokit.pulls.listFiles(pull)],
    ["body_refused", async () => octokit.pulls.createReview({ ...pull, event: "APPROVE", body: "x" })],
    ["record_not_granted", async () => octokit.repos.getContent({ ...DESK, path: "docs/plan.md" })],
    ["operation_unknown", async () => octokit.repos.getContent({ ...file, mediaType: { format: "raw" } })],
    ["operation_unknown", async () => octokit.repos.getContent({ ...file, ref: "draft" })],
    ["body_refused", async () => octokit.repos.createOrUpdateFileContents({ ...file, ...put, message: "Fixes #9" })],
    ["value_not_granted", async () => octokit.repos.createOrUpdateFileContents({ ...file, ...put, branch: "main" })],
    [
      "operation_unknown",
      async () =>
        octokit.repos.createOrUpdateFileContents({
          ...DESK,
          ...put,
          path: ".github/workflows/ci.yml",
        }),
    ],
    [
      "operation_unknown",
      async () => octokit.repos.createWebhook({ ...DESK, config: { url: "https://evil.example" } }),
    ],
    [
      "operation_unknown",
      async () => octokit.repos.addCollaborator({ ...DESK, username: "evil", permission: "admin" }),
    ],
    ["operation_unknown", async () => octokit.repos.createDispatchEvent({ ...DESK, event_type: "deploy" })],
    [
      "operation_unknown",
      async () => octokit.git.updateRef({ ...DESK, ref: "heads/main", sha: "0".repeat(40), force: true }),
    ],
    ["operation_unknown", async () => octokit.search.issuesAndPullRequests({ q: "repo:Acme/vault" })],
    ["operation_unknown", async () => octokit.request("POST /graphql", { query: "{ viewer { login } }" })],
  ];
  const { requests } = await world.during(async () => {
    for (const [code, call] of refused) assert.equal(await codeOf(call()), code, call.toString());
  });
  assert.deepEqual(requests, []);
});

test("[github.other-records] a pull request, a file, a release and the repository are read and changed as granted, without what belongs to others", async () => {
  await using world = await githubWorld();
  const octokit = await world.client(
    {
      type: "github.pull",
      alias: "Acme/desk#8",
      actions: ["read", "edit", "comment"],
      fields: { read: ["title", "head"], write: ["title"] },
    },
    {
      ...notes,
      actions: ["read", "write"],
      fields: { read: ["content", "encoding", "sha"] },
      where: { write: { "/branch": { exact: "main" } } },
    },
    {
      type: "github.release",
      alias: "Acme/desk/501",
      actions: ["read", "edit"],
      fields: { read: ["tag_name", "name"], write: ["name"] },
    },
    {
      ...desk,
      actions: ["read", "create_release"],
      fields: { read: ["default_branch"] },
      where: { create_release: { "/tag_name": { one_of: ["v1.2.3"] } } },
    },
  );
  const pull = { ...DESK, pull_number: 8 };
  const answers = [
    await octokit.pulls.get(pull),
    await octokit.pulls.update({ ...pull, title: "Fix the login page" }),
    await octokit.pulls.createReview({ ...pull, event: "COMMENT", body: "looked at" }),
    await octokit.repos.get(DESK),
    await octokit.repos.getContent({ ...DESK, path: "docs/notes.md" }),
    await octokit.repos.createOrUpdateFileContents({
      ...{ ...DESK, path: "docs/notes.md", message: "m", branch: "main", sha: shaOf("notes\n") },
      content: Buffer.from("more notes\n").toString("base64"),
    }),
    await octokit.repos.getRelease({ ...DESK, release_id: 501 }),
    await octokit.repos.updateRelease({ ...DESK, release_id: 501, name: "The first" }),
    await octokit.repos.createRelease({ ...DESK, tag_name: "v1.2.3", draft: true }),
  ];
  assert.equal(await codeOf(octokit.repos.createRelease({ ...DESK, tag_name: "v1.2.4" })), "value_not_granted");
  assert.deepEqual(
    answers.map(({ data }) => Object.keys(data).sort().join(" ")),
    [
      "head number title",
      "head number title",
      "author_association body created_at id submitted_at updated_at user",
      "default_branch full_name id name",
      "content encoding path sha type",
      "commit content",
      "id name tag_name",
      "id name tag_name",
      "draft id prerelease tag_name",
    ],
  );
  const changed = world.upstream.touched.filter((what) => what.startsWith("changed "));
  assert.deepEqual(changed, [
    "changed pull 1001/8",
    "changed comments pull 1001/8",
    "changed content 1001:docs/notes.md",
    "changed release 1001/501",
    "changed new release 1001 v1.2.3",
  ]);
  const said = JSON.stringify(answers.map(({ data }) => data));
  for (const secret of Object.values(SECRETS)) assert.ok(!said.includes(secret), secret);
  assert.equal(world.upstream.repository(1001).files.get("main")?.get("docs/notes.md"), "more notes\n");
});

test("[github.listing] the issues of a granted repository are listed page by page through the client's own pagination, without pull requests, excluded issues or fields that are not granted", async () => {
  await using world = await githubWorld();
  const { issues } = world.upstream.repository(1001);
  for (let number = 20; number < 40; number++)
    issues.set(number, { ...(issues.get(7) ?? assert.fail()), number, title: `issue ${number}` });
  const octokit = await world.client({
    ...{ type: "github.issue", within: { type: "repository", alias: "Acme/desk" }, actions: ["read", "edit"] },
    fields: { read: ["title"], write: ["title"] },
    except: ["1001/9"],
  });
  const { requests } = await world.during(async () => {
    const all = await octokit.paginate(octokit.issues.listForRepo, { ...DESK, state: "all", per_page: 10 });
    assert.deepEqual(
      all.map(({ number }) => number),
      [7, ...Array.from({ length: 20 }, (_, index) => 20 + index)],
    );
    assert.deepEqual(new Set(all.flatMap((one) => Object.keys(one))), new Set(["number", "title"]));
    assert.ok(!JSON.stringify(all).includes(SECRETS.issue));
  });
  assert.equal(requests.length, 3);
  assert.equal((await octokit.issues.get({ ...DESK, issue_number: 21 })).data.title, "issue 21");
  const outside = [
    async () => octokit.issues.get({ ...DESK, issue_number: 8 }),
    async () => octokit.issues.update({ ...DESK, issue_number: 8, title: "a pull request by the issues door" }),
    async () => octokit.issues.update({ ...DESK, issue_number: 9, title: "x" }),
    async () => octokit.issues.get({ ...DESK, issue_number: 9 }),
    async () => octokit.issues.get({ ...DESK, issue_number: 999 }),
    async () => octokit.issues.get({ ...ISSUE, repo: "vault" }),
    async () => octokit.issues.get({ ...ISSUE, owner: "acme" }),
    async () => octokit.issues.listForRepo({ ...DESK, repo: "vault" }),
  ];
  const { touched } = await world.during(async () => {
    for (const call of outside) assert.equal(await codeOf(call()), "record_not_granted", call.toString());
  });
  assert.deepEqual(
    touched.filter((what) => what.startsWith("changed ")),
    [],
  );
});

test("[github.renamed] a grant stays with the repository that it was made for, whoever has its name now, and an issue that was transferred is not followed", async () => {
  await using world = await githubWorld();
  const octokit = await world.client({
    ...issue7,
    actions: ["read", "edit"],
    fields: { read: ["title"], write: ["title"] },
  });
  const [mine, vault] = [world.upstream.repository(1001), world.upstream.repository(1002)];
  mine.name = "desk-archive";
  mine.before.push("acme/desk");
  vault.name = "desk";
  const { touched } = await world.during(async () => {
    assert.equal((await octokit.issues.get(ISSUE)).data.title, "Login answers 500 on Safari");
    await octokit.issues.update({ ...ISSUE, title: "still mine" });
  });
  assert.deepEqual(touched, ["read issue 1001/7", "changed issue 1001/7"]);
  const issue = mine.issues.get(7);
  assert.ok(issue !== undefined);
  issue.movedTo = `${world.upstream.origin}/repositories/1002/issues/7`;
  const { requests } = await world.during(async () => assert.notEqual(await codeOf(octokit.issues.get(ISSUE)), "ok"));
  assert.deepEqual(requests, ["GET /repositories/1001/issues/7"]);
});
