import type { LogRecord } from "@remit/core";

/** A record with the log that it is from. */
export interface Traced {
  readonly log: string;
  readonly record: LogRecord;
}

/** Draws a trail: who asked, who acted, what was decided and done, in order of time. */
export function traceLines(task: unknown, traced: readonly Traced[]): readonly string[] {
  const {
    task: id,
    subject_identity: who,
    client,
    purpose,
    state,
  } = {
    task: "",
    subject_identity: undefined,
    client: "",
    purpose: null,
    state: "",
    ...(typeof task === "object" ? task : {}),
  };
  const { subject, issuer } = {
    subject: "?",
    issuer: "?",
    ...(typeof who === "object" && who !== null ? (who as object) : {}),
  };
  const ordered = traced.toSorted((one, other) => one.record.at - other.record.at || one.record.n - other.record.n);
  return [
    `${String(subject)} (${String(issuer)})`,
    `└─ ${String(client)} · ${String(id)} · ${String(state)}${purpose === null || purpose === "" ? "" : ` · “${String(purpose)}”`}`,
    ...ordered.map(
      ({ log, record }, index) =>
        `   ${index === ordered.length - 1 ? "└─" : "├─"} ${time(record.at)}  ${log.padEnd(9)} ${sentence(record)}`,
    ),
  ];
}

const time = (at: number): string => new Date(at).toISOString().slice(11, 23);

const text = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));

function sentence({ kind, body, decision }: LogRecord): string {
  const list = (name: string): string => (Array.isArray(body[name]) ? body[name].map(text).join(", ") : "");
  switch (kind) {
    case "task.begin":
      return `task begun for record ${list("records")}`;
    case "grant.renew":
      return "lease renewed";
    case "uses.reserve":
      return `${text(body["granted"])} uses reserved`;
    case "uses.return":
      return `${text(body["unused"])} uses given back`;
    case "end":
      return `ended: ${text(body["how"])} ${text(body["reason"])}`.trimEnd();
    case "call.intent":
      return `about to ${text(body["operation"])} record ${text(body["record"])}${list("write") === "" ? "" : ` (${list("write")})`}`;
    case "call.read":
    case "call.outcome":
      return `${text(body["operation"])} record ${text(body["record"])}: ${text(body["outcome"])} ${text(body["upstream_status"])}`.trimEnd();
    case "call.refused":
      return `REFUSED ${text(body["code"])} ${text(body["operation"] ?? "")} ${text(body["named"] ?? "")} ×${text(body["count"])}  ${decision}`;
    default:
      return kind;
  }
}
