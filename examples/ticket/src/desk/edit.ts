import { addComment } from "./parts.ts";
import type { Ticket, TicketStore } from "./store.ts";
import { type DeskRequest, member, members } from "./values.ts";

const PRIORITIES = ["Highest", "High", "Medium", "Low", "Lowest"];

/** What an edit makes of a ticket's fields, or the errors of its fields. */
export type Edited =
  | { readonly ok: true; readonly fields: Record<string, unknown> }
  | { readonly ok: false; readonly errors: Readonly<Record<string, string>> };

/** Applies `fields` and `update` as Jira does. `update.comment` creates comments through the edit. */
export function edited(store: TicketStore, ticket: Ticket, { body, base }: DeskRequest): Edited {
  const fields = members(member(body, "fields"));
  const update = members(member(body, "update"));
  const errors: Record<string, string> = {};
  if ("status" in fields)
    errors["status"] = "Field 'status' cannot be set. It is not on the appropriate screen, or unknown.";
  const priority = "priority" in fields ? member(fields["priority"], "name") : undefined;
  if ("priority" in fields && !PRIORITIES.includes(String(priority)))
    errors["priority"] = "The priority selected is invalid.";
  for (const name of Object.keys(update)) if (name in fields) errors[name] = `Field '${name}' is in both.`;
  if (Object.keys(errors).length > 0) return { ok: false, errors };
  const named =
    priority === undefined
      ? {}
      : { priority: { name: priority, id: String(PRIORITIES.indexOf(String(priority)) + 1) } };
  const labels = "labels" in update ? { labels: verbsOn(ticket.fields["labels"], update["labels"]) } : {};
  for (const verb of listOf(update["comment"])) addComment(store, ticket, member(verb, "add"), base);
  return { ok: true, fields: { ...ticket.fields, ...fields, ...named, ...labels } };
}

/** A list of labels after verbs were applied to it in order. */
function verbsOn(value: unknown, verbs: unknown): readonly unknown[] {
  let labels = listOf(value);
  for (const verb of listOf(verbs)) {
    const { add, remove, set } = members(verb);
    if (set !== undefined) labels = listOf(set);
    if (add !== undefined) labels = [...labels.filter((label) => label !== add), add];
    if (remove !== undefined) labels = labels.filter((label) => label !== remove);
  }
  return labels;
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
