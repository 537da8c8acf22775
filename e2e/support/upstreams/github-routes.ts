import { isJsonObject, type Json, type JsonObject } from "@remit/core";
import {
  commentsOn,
  type Issue,
  type Repository,
  shaOf,
  showComment,
  showFile,
  showIssue,
  showPull,
  showRelease,
  showRepository,
  textIn,
} from "./github-records.ts";

/** What one request is about, after the repository is found. */
export interface Asked {
  readonly method: string;
  readonly repo: Repository;
  /** Decoded text below the repository, without a slash in front. */
  readonly rest: string;
  readonly query: URLSearchParams;
  readonly body: Json | undefined;
  readonly accept: string;
  readonly api: string;
  /** Says that a record was read or changed. */
  note(how: "read" | "changed", record: string): void;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const NOT_FOUND: Answer = { status: 404, body: { message: "Not Found", status: "404" } };

type Handler = (asked: Asked, ...found: string[]) => Answer;

/** What the API serves below a repository; the first that matches counts. */
const ROUTES: readonly (readonly [method: string, path: RegExp, handler: Handler])[] = [
  ["GET", /^$/, (asked) => shown(asked, `repository ${asked.repo.id}`, showRepository(asked.repo, asked.api))],
  ["PATCH", /^$/, (asked) => changed(asked, `repository ${asked.repo.id}`)],
  ["GET", /^issues$/, listIssues],
  ["GET", /^issues\/(\d+)$/, readIssue],
  ["PATCH", /^issues\/(\d+)$/, (asked, number = "") => editIssue(asked, number, showIssue)],
  ["GET", /^issues\/(\d+)\/comments$/, (asked, number = "") => listComments(asked, number, false)],
  ["POST", /^issues\/(\d+)\/comments$/, (asked, number = "") => comment(asked, number, false)],
  ["PATCH", /^issues\/comments\/(\d+)$/, editComment],
  ["POST", /^issues\/(\d+)\/labels$/, addLabels],
  ["DELETE", /^issues\/(\d+)\/labels\/(.+)$/, removeLabel],
  ["GET", /^pulls\/(\d+)$/, readPull],
  ["PATCH", /^pulls\/(\d+)$/, (asked, number = "") => editIssue(asked, number, showPull)],
  ["GET", /^pulls\/(\d+)\/reviews$/, (asked, number = "") => listComments(asked, number, true)],
  ["POST", /^pulls\/(\d+)\/reviews$/, (asked, number = "") => comment(asked, number, true)],
  ["PUT", /^pulls\/(\d+)\/merge$/, (asked, number) => changed(asked, `merge ${asked.repo.id}/${number}`)],
  ["GET", /^contents\/?(.*)$/, readContents],
  ["PUT", /^contents\/(.+)$/, writeContents],
  ["DELETE", /^contents\/(.+)$/, (asked, path) => changed(asked, `content ${asked.repo.id}:${path}`)],
  ["GET", /^releases\/(\d+)$/, readRelease],
  ["PATCH", /^releases\/(\d+)$/, editRelease],
  ["POST", /^releases$/, createRelease],
  // all the other doors work, or a refusal of them would prove nothing
  ["GET", /^(.+)$/, (asked, door) => shown(asked, `door ${asked.repo.id}/${door}`, {})],
  ["POST", /^(.+)$/, (asked, door) => changed(asked, `door ${asked.repo.id}/${door}`)],
  ["PUT", /^(.+)$/, (asked, door) => changed(asked, `door ${asked.repo.id}/${door}`)],
  ["PATCH", /^(.+)$/, (asked, door) => changed(asked, `door ${asked.repo.id}/${door}`)],
  ["DELETE", /^(.+)$/, (asked, door) => changed(asked, `door ${asked.repo.id}/${door}`)],
];

/** Answers one request below a repository. */
export function answerIn(asked: Asked): Answer {
  for (const [method, path, handler] of ROUTES) {
    const found = method === asked.method ? path.exec(asked.rest) : null;
    if (found !== null) return handler(asked, ...found.slice(1));
  }
  return NOT_FOUND;
}

function shown(asked: Asked, record: string, body: unknown): Answer {
  asked.note("read", record);
  return { status: 200, body };
}

function changed(asked: Asked, record: string, answer: Answer = { status: 200, body: {} }): Answer {
  asked.note("changed", record);
  return answer;
}

const issueOf = ({ repo }: Asked, number: string): Issue | undefined => repo.issues.get(Number(number));
const recordOf = ({ repo }: Asked, one: Issue): string => `${one.pull ? "pull" : "issue"} ${repo.id}/${one.number}`;

function readIssue(asked: Asked, number = ""): Answer {
  const one = issueOf(asked, number);
  if (one === undefined) return NOT_FOUND;
  if (one.movedTo !== undefined) return { status: 301, body: {}, headers: { location: one.movedTo } };
  const full = asked.accept.includes("full") ? { body_html: `<p>${one.body}</p>`, body_text: one.body } : {};
  return shown(asked, recordOf(asked, one), { ...showIssue(asked.repo, one, asked.api), ...full });
}

function readPull(asked: Asked, number = ""): Answer {
  const one = issueOf(asked, number);
  if (one?.pull === undefined) return NOT_FOUND;
  asked.note("read", recordOf(asked, one));
  if (/diff|patch/.test(asked.accept))
    return { status: 200, text: `diff --git a/docs/plan.md b/docs/plan.md\n+${one.body}\n` };
  return { status: 200, body: showPull(asked.repo, one, asked.api) };
}

function editIssue(asked: Asked, number: string, show: typeof showIssue): Answer {
  const one = issueOf(asked, number);
  if (one === undefined || (show === showPull && one.pull === undefined)) return NOT_FOUND;
  const { body } = asked;
  if (textIn(body, "title") === "invalid")
    return {
      status: 422,
      body: { message: "Validation Failed", errors: [{ resource: "Issue", field: "title", code: "invalid" }] },
    };
  const given: JsonObject = body !== undefined && isJsonObject(body) ? body : {};
  one.title = textIn(body, "title") ?? one.title;
  one.state = textIn(body, "state") ?? one.state;
  if ("body" in given) one.body = textIn(body, "body") ?? null;
  if ("state_reason" in given) one.stateReason = textIn(body, "state_reason") ?? null;
  if (Array.isArray(given["labels"])) one.labels = given["labels"].map(String);
  if (Array.isArray(given["assignees"])) one.assignees = given["assignees"].map(String);
  if ("milestone" in given) one.milestone = typeof given["milestone"] === "number" ? given["milestone"] : null;
  return changed(asked, recordOf(asked, one), { status: 200, body: show(asked.repo, one, asked.api) });
}

function addLabels(asked: Asked, number = ""): Answer {
  const { body } = asked;
  const given = body !== undefined && isJsonObject(body) ? body["labels"] : body;
  const added = Array.isArray(given) ? given.map(String) : [];
  return labelled(asked, number, (labels) => [...new Set([...labels, ...added])]);
}

function removeLabel(asked: Asked, number = "", label = ""): Answer {
  return labelled(asked, number, (labels) => labels.filter((one) => one !== label));
}

function labelled(asked: Asked, number: string, change: (labels: readonly string[]) => string[]): Answer {
  const one = issueOf(asked, number);
  if (one === undefined) return NOT_FOUND;
  one.labels = change(one.labels);
  return changed(asked, recordOf(asked, one), { status: 200, body: one.labels.map((name) => ({ name })) });
}

/** One page, with a link to the next as the API writes it (RFC 8288): by the number of the repository. */
function page<T>(asked: Asked, all: readonly T[], show: (one: T) => unknown): Answer {
  const size = Math.min(Number(asked.query.get("per_page") ?? "30"), 100);
  const number = Number(asked.query.get("page") ?? "1");
  const query = new URLSearchParams(asked.query);
  const to = (target: number, rel: string): string => {
    query.set("page", String(target));
    return `<${asked.api}/repositories/${asked.repo.id}/${asked.rest}?${query}>; rel="${rel}"`;
  };
  const last = Math.max(1, Math.ceil(all.length / size));
  const link = number < last ? { link: `${to(number + 1, "next")}, ${to(last, "last")}` } : {};
  return { status: 200, body: all.slice((number - 1) * size, number * size).map(show), headers: link };
}

function listIssues(asked: Asked): Answer {
  const state = asked.query.get("state") ?? "open";
  const all = [...asked.repo.issues.values()].filter((one) => state === "all" || one.state === state);
  for (const one of all) asked.note("read", recordOf(asked, one));
  return page(asked, all, (one) => showIssue(asked.repo, one, asked.api));
}

function listComments(asked: Asked, number: string, review: boolean): Answer {
  const one = issueOf(asked, number);
  if (one === undefined) return NOT_FOUND;
  asked.note("read", `comments ${recordOf(asked, one)}`);
  return page(asked, commentsOn(asked.repo, one.number, review), showComment);
}

function comment(asked: Asked, number: string, review: boolean): Answer {
  const one = issueOf(asked, number);
  if (one === undefined) return NOT_FOUND;
  if (review && textIn(asked.body, "event") !== "COMMENT") return changed(asked, `approval ${recordOf(asked, one)}`);
  const made = { id: 9200 + asked.repo.comments.size, on: one.number, body: textIn(asked.body, "body") ?? "", review };
  asked.repo.comments.set(made.id, made);
  return changed(asked, `comments ${recordOf(asked, one)}`, {
    status: review ? 200 : 201,
    body: { ...showComment(made), issue_url: `${asked.api}/repositories/${asked.repo.id}/issues/${one.number}` },
  });
}

function editComment(asked: Asked, id = ""): Answer {
  const one = asked.repo.comments.get(Number(id));
  if (one === undefined) return NOT_FOUND;
  one.body = textIn(asked.body, "body") ?? one.body;
  return changed(asked, `comments issue ${asked.repo.id}/${one.on}`, { status: 200, body: showComment(one) });
}

function readContents(asked: Asked, path = ""): Answer {
  const ref = (asked.query.get("ref") ?? "main").replace(/^refs\/heads\//, "");
  const files = asked.repo.files.get(ref);
  const text = files?.get(path);
  const inside = [...(files?.keys() ?? [])].filter((name) => name.startsWith(path === "" ? "" : `${path}/`));
  if (text === undefined && inside.length === 0) return NOT_FOUND;
  asked.note("read", `content ${asked.repo.id}:${path}`);
  if (text === undefined) return { status: 200, body: inside.map((name) => ({ type: "file", path: name })) };
  return asked.accept.includes("raw") ? { status: 200, text } : { status: 200, body: showFile(path, text) };
}

function writeContents(asked: Asked, path = ""): Answer {
  const files = asked.repo.files.get(textIn(asked.body, "branch") ?? "main");
  const before = files?.get(path);
  if (files === undefined) return NOT_FOUND;
  if (before !== undefined && textIn(asked.body, "sha") !== shaOf(before))
    return { status: 409, body: { message: `${path} does not match ${shaOf(before)}` } };
  const text = Buffer.from(textIn(asked.body, "content") ?? "", "base64").toString("utf8");
  files.set(path, text);
  return changed(asked, `content ${asked.repo.id}:${path}`, {
    status: before === undefined ? 201 : 200,
    body: {
      content: { ...showFile(path, text), content: undefined },
      commit: { sha: shaOf(`${path}${text}`), author: {} },
    },
  });
}

function readRelease(asked: Asked, id = ""): Answer {
  const one = asked.repo.releases.get(Number(id));
  return one === undefined ? NOT_FOUND : shown(asked, `release ${asked.repo.id}/${id}`, showRelease(one, asked.api));
}

function editRelease(asked: Asked, id = ""): Answer {
  const one = asked.repo.releases.get(Number(id));
  if (one === undefined) return NOT_FOUND;
  one.name = textIn(asked.body, "name") ?? one.name;
  one.body = textIn(asked.body, "body") ?? one.body;
  one.tag = textIn(asked.body, "tag_name") ?? one.tag;
  return changed(asked, `release ${asked.repo.id}/${id}`, { status: 200, body: showRelease(one, asked.api) });
}

function createRelease(asked: Asked): Answer {
  const id = 510 + asked.repo.releases.size;
  const tag = textIn(asked.body, "tag_name") ?? "";
  const made = { id, tag, name: textIn(asked.body, "name") ?? "", body: textIn(asked.body, "body") ?? "" };
  const given = JSON.stringify(asked.body);
  const one = { ...made, draft: given.includes('"draft":true'), prerelease: given.includes('"prerelease":true') };
  asked.repo.releases.set(id, one);
  return changed(asked, `new release ${asked.repo.id} ${tag}`, { status: 201, body: showRelease(one, asked.api) });
}
