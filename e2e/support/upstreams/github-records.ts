import type { Json, JsonObject } from "@remit/core";

/** An issue or, with `pull`, a pull request: they share one row of numbers. */
export interface Issue {
  readonly number: number;
  title: string;
  body: string | null;
  state: string;
  stateReason: string | null;
  labels: string[];
  assignees: string[];
  milestone: number | null;
  /** Where it went, when it was transferred. */
  movedTo?: string;
  readonly pull?: { base: string; readonly head: string; draft: boolean; merged: boolean };
}

export interface Comment {
  readonly id: number;
  readonly on: number;
  body: string;
  readonly review?: boolean;
}

export interface Release {
  readonly id: number;
  tag: string;
  name: string;
  body: string;
  draft: boolean;
  prerelease: boolean;
}

export interface Repository {
  readonly id: number;
  owner: string;
  name: string;
  /** Names that it had before, in lower case. */
  readonly before: string[];
  readonly isPrivate: boolean;
  readonly issues: Map<number, Issue>;
  readonly comments: Map<number, Comment>;
  readonly releases: Map<number, Release>;
  /** By branch, then by path; the text as it is. */
  readonly files: Map<string, Map<string, string>>;
}

/** Words that stand in records which no test grants, so that a leak is seen. */
export const SECRETS = {
  issue: "unreleased-acquisition-of-initech",
  comment: "salary-bands-2027",
  file: "vault-seed-phrase",
  milestone: "milestone-codename-osprey",
  person: "sam-private@acme.example",
  release: "embargoed-notes-for-v2",
  branch: "unmerged-draft-of-the-plan",
} as const;

const issue = (number: number, title: string, more: Partial<Issue> = {}): Issue => ({
  ...{ number, title, body: `about ${title}`, state: "open", stateReason: null },
  ...{ labels: ["bug"], assignees: ["sam"], milestone: 1 },
  ...more,
});

const pull = { base: "main", head: "fix-login", draft: false, merged: false };

/** Two repositories of one owner: the desk that people grant from, and a vault that nobody does. */
export function seed(): Repository[] {
  const desk = repository(1001, "Acme", "desk", {
    before: ["acme/old-desk"],
    issues: [
      issue(7, "Login answers 500 on Safari"),
      issue(8, "Fix the login", { pull }),
      issue(9, SECRETS.issue, { body: SECRETS.issue }),
      issue(10, SECRETS.issue, { pull: { ...pull }, body: SECRETS.issue }),
    ],
    files: { "docs/notes.md": "notes\n", "docs/plan.md": SECRETS.file, ".github/workflows/ci.yml": "on: push\n" },
    releases: [
      { id: 501, tag: "v1.0.0", name: "One", body: "first", draft: false, prerelease: false },
      { id: 502, tag: "v2.0.0", name: SECRETS.release, body: SECRETS.release, draft: true, prerelease: false },
    ],
    comments: [
      { id: 9001, on: 7, body: "seen here too" },
      { id: 9002, on: 9, body: SECRETS.comment },
    ],
  });
  desk.files.set("draft", new Map([["docs/notes.md", SECRETS.branch]]));
  const vault = repository(1002, "Acme", "vault", {
    issues: [issue(7, SECRETS.issue, { body: SECRETS.issue })],
    files: { "docs/notes.md": SECRETS.file },
    releases: [
      { id: 601, tag: "v1.0.0", name: SECRETS.release, body: SECRETS.release, draft: false, prerelease: false },
    ],
    comments: [{ id: 9101, on: 7, body: SECRETS.comment }],
  });
  return [desk, vault];
}

function repository(
  id: number,
  owner: string,
  name: string,
  has: {
    readonly before?: string[];
    readonly issues: readonly Issue[];
    readonly files: Readonly<Record<string, string>>;
    readonly releases: readonly Release[];
    readonly comments: readonly Comment[];
  },
): Repository {
  return {
    ...{ id, owner, name, before: has.before ?? [], isPrivate: id !== 1001 },
    issues: new Map(has.issues.map((one) => [one.number, one])),
    comments: new Map(has.comments.map((one) => [one.id, one])),
    releases: new Map(has.releases.map((one) => [one.id, one])),
    files: new Map([["main", new Map(Object.entries(has.files))]]),
  };
}

const PERSON = { login: "sam", id: 583_231, type: "User", email: SECRETS.person, site_admin: false };
const TIMES = { created_at: "2026-11-01T09:00:00Z", updated_at: "2026-11-20T09:00:00Z" };

/** A repository as the API shows it. */
export const showRepository = (repo: Repository, api: string): JsonObject => ({
  ...{ id: repo.id, name: repo.name, full_name: `${repo.owner}/${repo.name}`, private: repo.isPrivate },
  owner: { ...PERSON, login: repo.owner },
  ...{ description: "where tickets are kept", archived: false, default_branch: "main", topics: ["desk"] },
  ...{ visibility: repo.isPrivate ? "private" : "public", language: "TypeScript", open_issues_count: repo.issues.size },
  ...TIMES,
  ...{ pushed_at: TIMES.updated_at, url: `${api}/repos/${repo.owner}/${repo.name}` },
  permissions: { admin: true, push: true, pull: true },
});

/** An issue, or a pull request where the issues door shows it. */
export function showIssue(repo: Repository, one: Issue, api: string): JsonObject {
  const url = `${api}/repos/${repo.owner}/${repo.name}`;
  return {
    ...{ id: repo.id * 1000 + one.number, number: one.number, title: one.title, body: one.body, state: one.state },
    ...{ state_reason: one.stateReason, locked: false, comments: commentsOn(repo, one.number).length, ...TIMES },
    ...{ closed_at: null, author_association: "MEMBER", url: `${url}/issues/${one.number}`, repository_url: url },
    html_url: `https://github.example/${repo.owner}/${repo.name}/issues/${one.number}`,
    user: PERSON,
    closed_by: PERSON,
    labels: one.labels.map((name, id) => ({ id, name, color: "d73a4a", description: null, default: false })),
    assignees: one.assignees.map((login) => ({ ...PERSON, login })),
    assignee: one.assignees[0] === undefined ? null : { ...PERSON, login: one.assignees[0] },
    milestone: one.milestone === null ? null : milestone(one.milestone),
    ...(one.pull === undefined ? {} : { pull_request: { url: `${url}/pulls/${one.number}` } }),
  };
}

const milestone = (number: number): JsonObject => ({
  ...{ number, title: "Spring", description: SECRETS.milestone, open_issues: 12, creator: PERSON },
});

/** A pull request through its own door. */
export function showPull(repo: Repository, one: Issue, api: string): JsonObject {
  const { pull_request: _left, comments: _count, ...shown } = showIssue(repo, one, api);
  const { base, head, draft, merged } = one.pull ?? { ...pull };
  const side = (ref: string): JsonObject => ({
    ...{ label: `${repo.owner}:${ref}`, ref, sha: "c0ffee".padEnd(40, "0"), user: PERSON },
    repo: showRepository(repo, api),
  });
  return {
    ...shown,
    ...{ draft, merged, mergeable: true, merged_by: PERSON, commits: 1, additions: 3, deletions: 1, changed_files: 1 },
    ...{ base: side(base), head: side(head), requested_reviewers: [PERSON], requested_teams: [] },
  };
}

export const commentsOn = (repo: Repository, number: number, review = false): readonly Comment[] =>
  [...repo.comments.values()].filter((one) => one.on === number && (one.review ?? false) === review);

export const showComment = (one: Comment): JsonObject => ({
  ...{ id: one.id, body: one.body, user: PERSON, author_association: "MEMBER", ...TIMES },
  ...(one.review === true ? { state: "COMMENTED", submitted_at: TIMES.updated_at } : {}),
  performed_via_github_app: null,
});

export const showRelease = (one: Release, api: string): JsonObject => ({
  ...{ id: one.id, tag_name: one.tag, name: one.name, body: one.body, draft: one.draft, prerelease: one.prerelease },
  ...{ target_commitish: "main", author: PERSON, ...TIMES, published_at: one.draft ? null : TIMES.updated_at },
  upload_url: `${api}/upload/${one.id}{?name,label}`,
  assets: [{ id: 1, name: "desk.tgz", uploader: PERSON, browser_download_url: "https://objects.example/desk.tgz" }],
});

/** One file as the API shows it: base64 in lines. */
export const showFile = (path: string, text: string): JsonObject => ({
  ...{
    type: "file",
    encoding: "base64",
    size: text.length,
    name: path.split("/").at(-1) ?? "",
    path,
    sha: shaOf(text),
  },
  content: `${Buffer.from(text).toString("base64")}\n`,
  download_url: `https://raw.example/${path}?token=of-the-account`,
});

/** Not a real hash: it only has to change with the text. */
export function shaOf(text: string): string {
  let sum = 7;
  for (const char of text) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 0xffffffff;
  return sum.toString(16).padStart(40, "0");
}

/** A number or a text of a body, where it has one. */
export const textIn = (body: Json | undefined, name: string): string | undefined => {
  const value = typeof body === "object" && body !== null && !Array.isArray(body) ? Reflect.get(body, name) : undefined;
  return typeof value === "string" ? value : undefined;
};
