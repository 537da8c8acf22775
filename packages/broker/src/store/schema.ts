const TALLY = `create table if not exists tally (
  policy text not null, agent text not null, subject text not null, what text not null, slot integer not null, held integer not null,
  primary key (policy, agent, subject, what, slot)
) strict, without rowid;`;

/** What may be used once, in the order in which it expires: whatever comes together lies together. */
const ONCE =
  "create table if not exists once (expires_ms integer not null, key text not null, used integer not null, primary key (expires_ms, key)) strict, without rowid;";
/** Answers kept for a retry, in the order in which they are forgotten. */
const RETRY = `create table if not exists retry (
  until_ms integer not null, key text not null, digest text not null, grant_id text not null, at_ms integer not null, primary key (until_ms, key)
) strict, without rowid;`;

/** The broker's tables. Instants are milliseconds. Ids are time-ordered, so rows arrive at the end of their index. */
export const SCHEMA = `
create table if not exists meta (name text primary key, value text not null) strict;
create table if not exists principal (id text primary key, kind text not null, issuer text not null, subject text not null, unique (issuer, subject)) strict;
create table if not exists named (kind text not null, name text not null, id text not null unique, digest text not null, primary key (kind, name)) strict;
create table if not exists config (digest text primary key, applied_ms integer not null, files text not null, names text not null, by text not null) strict;
create table if not exists task (
  id text primary key, subject text not null, agent text not null, client text not null, policy text not null, purpose text,
  created_ms integer not null, ends_ms integer not null, ended_ms integer, ended_n integer, how text
) strict;
create index if not exists task_open on task (policy, agent, subject) where ended_ms is null;
create table if not exists grant_ (
  id text primary key, task text not null references task (id), parent text, jkt text not null, client_name text not null, policy_name text not null,
  resource text not null, connector text not null, connection text not null, live text not null, depth_left integer not null,
  authority text not null, uses_left integer, lease_until_ms integer not null, created_ms integer not null, ended_ms integer, ended_n integer
) strict;
create index if not exists grant_task on grant_ (task);
${TALLY}
${RETRY}
${ONCE}
create table if not exists session (hash text primary key, subject text not null, jkt text not null, issuer_name text not null, claims text not null, expires_ms integer not null, ended_ms integer, created_ms integer not null default 0) strict;
create table if not exists start (hash text primary key, session text not null, subject text not null, jkt text not null, request text not null, expires_ms integer not null, used_ms integer) strict;
create table if not exists boot (hash text primary key, purpose text not null, expires_ms integer not null, used_by text) strict;
create table if not exists point (
  id text primary key, name text not null unique, key text not null, serves text not null, may text not null, log_key text, base text, connections text,
  enrolled_ms integer not null default 0
) strict;
create table if not exists revocation (n integer primary key, id text not null, before_ms integer, forget integer not null) strict;
create index if not exists revocation_id on revocation (id);
create table if not exists suspended (id text primary key, at_ms integer not null) strict;
create table if not exists feed_batch (to_n integer primary key, from_n integer not null, jws text not null) strict;
create table if not exists feed_head (one integer primary key check (one = 1), epoch integer not null, n integer not null, head text not null) strict;
create table if not exists reservation (id text primary key, grant_id text not null, point text not null, granted integer not null, returned integer) strict;
create table if not exists log (n integer primary key, at_ms integer not null, decision text not null, task text, line text not null) strict;
create index if not exists log_decision on log (decision);
create index if not exists log_task on log (task) where task is not null;
create table if not exists log_head (one integer primary key check (one = 1), size integer not null, peaks blob not null, at_ms integer not null) strict;
create table if not exists shipped (point text not null, n integer not null, decision text not null, task text, line text not null, primary key (point, n)) strict, without rowid;
create index if not exists shipped_decision on shipped (decision);
create index if not exists shipped_task on shipped (task) where task is not null;
create table if not exists shipped_head (point text primary key, size integer not null, peaks blob not null, checkpoint text not null) strict;
create table if not exists key (id text primary key, purpose text not null, created_ms integer not null, public text not null, sealed blob not null) strict;
create trigger if not exists log_kept before update on log begin select raise(abort, 'the log is append-only'); end;
create trigger if not exists log_whole before delete on log begin select raise(abort, 'the log is append-only'); end;
create trigger if not exists shipped_kept before update on shipped begin select raise(abort, 'the log is append-only'); end;
create trigger if not exists shipped_whole before delete on shipped begin select raise(abort, 'the log is append-only'); end;
insert into feed_head (one, epoch, n, head) values (1, 1, 0, '') on conflict do nothing;
insert into log_head (one, size, peaks, at_ms) values (1, 0, x'', 0) on conflict do nothing;
`;

/** What brings the tables of an older version to this one, in order; the database remembers how many it has had. */
export const UPGRADES: readonly string[] = [
  // a session of before dies with any revocation that names its subject or key
  "alter table session add column created_ms integer not null default 0",
  "alter table point add column enrolled_ms integer not null default 0",
  // limits are counted by the minute; what was counted one by one is added up
  `${TALLY}
  insert into tally select policy, agent, subject, 'tasks', created_ms / 60000, count(*) from task group by 1, 2, 3, 5;
  insert into tally select policy, agent, subject, 'open', 0, count(*) from task where ended_ms is null group by 1, 2, 3;
  insert into tally select policy, agent, subject, 'records', created_ms / 60000, count(*) from granted_record group by 1, 2, 3, 5;
  drop table granted_record;
  drop index if exists task_hour;
  drop index if exists task_live;`,
  `alter table once rename to once_before; ${ONCE} insert into once select expires_ms, key, used from once_before; drop table once_before;
  drop table retry; ${RETRY}`,
];
