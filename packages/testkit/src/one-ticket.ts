import type { JsonObject } from "@remit/core";

/** A ticket as Jira answers it. */
export const ticket = (id: string, key: string, fields: JsonObject): JsonObject => ({
  ...{ id, key, self: `https://desk.example/rest/api/3/issue/${id}` },
  fields,
});

const FIELDS = {
  summary: "Login answers 500 on Safari",
  status: { id: "10001", name: "In Progress" },
  priority: { id: "3", name: "Medium" },
  project: { id: "10010", key: "PROJ" },
  assignee: { accountId: "sam" },
};

const MOVES = {
  transitions: [
    { id: "31", name: "Send to review", to: { id: "10002", name: "In Review" } },
    { id: "41", name: "Finish", to: { id: "10003", name: "Done" } },
  ],
};

/** Answers as a Jira that holds PROJ-42 and nothing else, and forgets what is written. */
export function answerTicket({ method, target }: { readonly method: string; readonly target: string }): {
  readonly status: number;
  readonly body?: JsonObject;
} {
  const [, record, door = ""] = /^\/rest\/api\/3\/issue\/(10442|PROJ-42)(\/[a-z]+)?(?:\?|$)/.exec(target) ?? [];
  if (record === undefined) return { status: 404, body: { errorMessages: ["Issue does not exist"] } };
  if (method !== "GET") return { status: 204 };
  return { status: 200, body: door === "/transitions" ? MOVES : ticket("10442", "PROJ-42", FIELDS) };
}
