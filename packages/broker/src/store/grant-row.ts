import type { GrantRow } from "./store.ts";
import { integer, maybeInteger, maybeText, type Row, text, texts } from "./rows.ts";
import type { Writing } from "./verb.ts";

/** Columns of a grant with its task and its subject's identity. */
export const GRANT_COLUMNS = `
  g.id as grant_id, g.task, g.parent, g.jkt, g.client_name, g.policy_name, g.resource, g.connector, g.connection, g.live, g.depth_left, g.authority,
  g.uses_left, g.lease_until_ms, g.created_ms, coalesce(g.ended_ms, t.ended_ms) as ended_ms, coalesce(g.ended_n, t.ended_n) as ended_n,
  t.subject, t.agent, t.client, t.policy, t.purpose, t.ends_ms, p.issuer, p.subject as external_subject
  from grant_ g join task t on t.id = g.task join principal p on p.id = t.subject`;

export function grantRow(row: Row): GrantRow {
  return {
    grant: text(row, "grant_id"),
    task: text(row, "task"),
    parent: maybeText(row, "parent"),
    subject: text(row, "subject"),
    subjectIdentity: { issuer: text(row, "issuer"), subject: text(row, "external_subject") },
    agent: text(row, "agent"),
    client: text(row, "client"),
    clientName: text(row, "client_name"),
    policy: text(row, "policy"),
    policyName: text(row, "policy_name"),
    resource: text(row, "resource"),
    connector: text(row, "connector"),
    connection: text(row, "connection"),
    live: texts(row, "live"),
    jkt: text(row, "jkt"),
    depthLeft: integer(row, "depth_left"),
    authority: text(row, "authority"),
    usesLeft: maybeInteger(row, "uses_left"),
    leaseUntilMs: integer(row, "lease_until_ms"),
    taskEndsMs: integer(row, "ends_ms"),
    createdMs: integer(row, "created_ms"),
    endedMs: maybeInteger(row, "ended_ms"),
    purpose: maybeText(row, "purpose"),
  };
}

/** A grant that is known to be there. */
export function grantOf(w: Writing, id: string): GrantRow {
  const row = w.sql.one(`select ${GRANT_COLUMNS} where g.id = ?`, id);
  if (row === undefined) throw new Error(`the grant \`${id}\` is not there`);
  return grantRow(row);
}
