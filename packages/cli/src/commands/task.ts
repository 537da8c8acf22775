import { CommandError } from "../exit.ts";
import type { Output } from "../output.ts";
import type { Places } from "../places.ts";
import { adminJson, takeSeat } from "../session.ts";

/** Lists the tasks that the logged-in person may see. */
export async function taskList(places: Places, output: Output): Promise<void> {
  const { tasks } = await adminJson(takeSeat(places), "/admin/tasks");
  const rows = (Array.isArray(tasks) ? tasks : []).map((task: unknown) => lineOf(task));
  output.answer({ tasks }, rows.length === 0 ? "no tasks" : rows);
}

/** Shows one task. */
export async function taskShow(id: string, places: Places, output: Output): Promise<void> {
  const answer = await adminJson(takeSeat(places), `/admin/tasks/${taskId(id)}`);
  output.answer(answer, JSON.stringify(answer, null, 2).split("\n"));
}

/** Ends a task and all authority under it. */
export async function taskEnd(id: string, reason: string | undefined, places: Places, output: Output): Promise<void> {
  const answer = await adminJson(
    takeSeat(places),
    `/admin/tasks/${taskId(id)}/end`,
    reason === undefined ? {} : { reason },
  );
  output.answer(answer, endedText(answer));
}

/** Revokes any id: a task or grant ends; a client, policy, subject or key loses what it was given before now. */
export async function revoke(
  id: string,
  options: { readonly reason: string | undefined; readonly suspend: boolean },
  places: Places,
  output: Output,
): Promise<void> {
  const answer = await adminJson(takeSeat(places), "/admin/revoke", {
    id: anyId(id),
    suspend: options.suspend,
    ...(options.reason === undefined ? {} : { reason: options.reason }),
  });
  output.answer(answer, endedText(answer));
}

/** What became of a call that was under way. */
const STATES: Readonly<Record<string, string>> = {
  aborted: "stopped, nothing of it was sent or released",
  sent: "was on its way; its outcome is recorded, its answer withheld",
  unknown: "was sent, and no answer came",
};

function endedText(answer: Readonly<Record<string, unknown>>): readonly string[] {
  const { id, ended_at: endedAt, points, in_flight: inFlight, known } = answer;
  const seen = (Array.isArray(points) ? points : []).map((point: { id?: unknown; seen_at?: unknown }) => {
    const after =
      typeof point.seen_at === "number" && typeof endedAt === "number"
        ? `heard of it after ${Math.max(0, point.seen_at - endedAt)} ms`
        : "has not said that it heard of it; it stops by itself within its bound";
    return `  enforcement point ${String(point.id)} ${after}`;
  });
  const flights = (Array.isArray(inFlight) ? inFlight : []).map(
    (flight: { operation?: unknown; state?: unknown }) =>
      `  ${String(flight.operation)}: ${STATES[String(flight.state)] ?? "under way"}`,
  );
  const what =
    known === false
      ? `${String(id)} is revoked, but nothing of this id is known here: see whether it is spelled right`
      : `${String(id)} ended`;
  return [what, ...seen, ...flights];
}

/** An id of anything, as the broker prints them; what it cannot be is said before the broker is asked. */
export function anyId(text: string): string {
  if (!/^[a-z]{2,3}_[0-9A-Z]{26}$|^(?:kid|key):[A-Za-z0-9_-]{43}$|^all$/.test(text))
    throw new CommandError("usage", `\`${text}\` is not an id`, {
      fix: "give one as in tsk_… or grn_…; `remit task list` and `remit task show` print them",
    });
  return text;
}

function taskId(text: string): string {
  if (!/^tsk_[0-9A-Z]{26}$/.test(text))
    throw new CommandError("usage", `\`${text}\` is not a task id`, {
      fix: "`remit task list` prints them",
    });
  return text;
}

function lineOf(task: unknown): string {
  const {
    task: id,
    state,
    client,
    resource,
    purpose,
  } = {
    task: "",
    state: "",
    client: "",
    resource: "",
    purpose: null,
    ...(typeof task === "object" ? task : {}),
  };
  return [id, String(state).padEnd(8), client, resource, purpose ?? ""].join("  ");
}
