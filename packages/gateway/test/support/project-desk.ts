import type { Json, JsonObject } from "@remit/core";
import { details, gatewayWorld, type GatewayWorld, type WorldOptions } from "./gateway-world.ts";
import { MOVES_ANSWER, type Reached, sendJson } from "./upstream.ts";
import type { TestContext } from "node:test";

/** A ticket that can be moved to another project, which gives it another key and keeps its id. */
export interface DeskIssue {
  readonly id: string;
  key: string;
  project: string;
  /** How often it was written. */
  version: number;
}

/** The desk's tickets, and what is done to them besides answering. */
export interface ProjectDesk {
  readonly issues: DeskIssue[];
  /** Every write, with the project in which the ticket was when it was written. */
  readonly writes: { readonly id: string; readonly project: string }[];
  /** Happens before a request is answered. */
  before: (request: Reached) => void | Promise<void>;
}

/** The project that is granted. */
export const PROJECT = "10010";
export const ELSEWHERE = "10020";
const KEYS: Readonly<Record<string, string>> = { [PROJECT]: "PROJ", [ELSEWHERE]: "OPS" };

/** An entry for every ticket of the granted project. */
export const withinDetails = (resource: string, more: JsonObject = {}): readonly JsonObject[] =>
  details(resource).map(({ identifier: _identifier, alias: _alias, ...entry }) => ({
    ...entry,
    within: { type: "project", identifier: PROJECT, alias: "PROJ" },
    ...more,
  }));

/** What a ticket's texts say, so that a disclosure shows whose it is. */
export const summaryOf = ({ id, project }: DeskIssue): string => `summary of ${id} in ${project}`;

/** Moves a ticket as Jira does: the id stays, the key does not. */
export function moveTo(issue: DeskIssue, project: string): void {
  issue.project = project;
  issue.key = `${KEYS[project] ?? ""}-${issue.id}`;
}

/** Takes the part of the upstream in a world: tickets in two projects, read and written as Jira does. */
export async function projectWorld(
  t: TestContext,
  options: WorldOptions = {},
): Promise<{ readonly world: GatewayWorld; readonly desk: ProjectDesk; readonly claims: JsonObject }> {
  const world = await gatewayWorld(t, options);
  const desk: ProjectDesk = { issues: [], writes: [], before: () => undefined };
  world.upstream.answer = async (request, response) => {
    await desk.before(request);
    const [path = "", query = ""] = request.url.split("?");
    const [, name = "", door = ""] = /^\/rest\/api\/3\/issue\/([^/]+)(?:\/(\w+))?$/.exec(path) ?? [];
    const issue = desk.issues.find(({ id, key }) => id === name || key === name);
    if (issue === undefined) return sendJson(response, 404, { errorMessages: ["Issue does not exist"], errors: {} });
    const etag = `"${issue.version}"`;
    if (request.method === "GET") {
      response.setHeader("etag", etag);
      const asked = new URLSearchParams(query).get("fields")?.split(",") ?? [];
      return sendJson(response, 200, door === "transitions" ? movesOf(issue) : viewOf(issue, asked));
    }
    const condition = request.rawHeaders[request.rawHeaders.findIndex((name) => /^if-match$/i.test(name)) + 1];
    if (request.rawHeaders.some((name) => /^if-match$/i.test(name)) && condition !== etag)
      return sendJson(response, 412, { errorMessages: [] });
    issue.version += 1;
    desk.writes.push({ id: issue.id, project: issue.project });
    response.writeHead(204).end();
    return true;
  };
  return { world, desk, claims: { authorization_details: withinDetails(world.resource) } };
}

const movesOf = (issue: DeskIssue): unknown => ({
  transitions: MOVES_ANSWER.transitions.map((move) => ({ ...move, name: `${move.name}: ${summaryOf(issue)}` })),
});

function viewOf(issue: DeskIssue, asked: readonly string[]): unknown {
  const fields: Readonly<Record<string, Json>> = {
    summary: summaryOf(issue),
    status: { id: "1", name: "Open" },
    priority: { id: "3", name: "Low" },
    project: { id: issue.project, key: KEYS[issue.project] ?? "" },
  };
  return {
    id: issue.id,
    key: issue.key,
    fields: Object.fromEntries(Object.entries(fields).filter(([name]) => asked.includes(name))),
  };
}
