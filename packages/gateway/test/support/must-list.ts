import { readFileSync } from "node:fs";
import {
  atPointer,
  type Authority,
  type Connector,
  type Entry,
  isJsonObject,
  type Json,
  type JsonObject,
  JSON_LIMITS,
  type Named,
  nameOperation,
  parseAuthority,
  permits,
  proven,
  printTemplate,
  readHead,
  readJson,
  rebuild,
  route,
  supposeInside,
  utf8,
} from "@remit/core";
import { parseDocument } from "yaml";

/** One request with what must come of it. */
export interface Row {
  readonly grant: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Json;
  readonly text?: string;
  readonly code?: string;
  readonly sent?: { readonly method: string; readonly path: string; readonly body?: Json };
}

/** A must-allow or must-deny list as its file has it. */
export interface MustList {
  readonly grants: Readonly<Record<string, readonly JsonObject[]>>;
  /** Answers of the API, by `GET /path?query`. */
  readonly known: Readonly<Record<string, Json>>;
  readonly rows: readonly Row[];
}

/** Reads a list that lies beside the shipped connectors. */
export function readMustList(name: string): MustList {
  const document = parseDocument(readFileSync(new URL(`../../../../connectors/${name}.yaml`, import.meta.url), "utf8"));
  if (document.errors.length > 0) throw new Error(`\`${name}\` is not YAML`);
  // our own file; a row that it misspells comes out otherwise than it says
  return document.toJS({ maxAliasCount: 0 }) as MustList;
}

/** What a request comes to before anything is sent. */
export type Judged = { readonly code: string; readonly sent?: Row["sent"] };

/** Judges a row as the gateway does: it reads, routes, names, decides and rebuilds. */
export function judge(connector: Connector, list: MustList, row: Row): Judged {
  const location = `https://gw.example/r/${connector.name}`;
  const text = row.text ?? (row.body === undefined ? undefined : JSON.stringify(row.body));
  const given = Object.entries(row.headers ?? {});
  const typed = given.some(([name]) => name.toLowerCase() === "content-type");
  const own = text === undefined ? [] : [["Content-Length", String(utf8(text).length)]];
  const json = text === undefined || typed ? [] : [["Content-Type", "application/json"]];
  const rawHeaders = [["Host", "gw.example"], ...given, ...json, ...own].flat();
  const head = readHead({ method: row.method, url: row.path, rawHeaders });
  if (!head.ok) return { code: "head_refused" };
  const routed = route(connector, row.method, head.value.segments);
  if (routed.length === 0) return { code: "operation_unknown" };
  const bytes = Math.max(...routed.map(({ spec }) => spec.body?.max ?? 0));
  const body = readBody(head.value.headers, text, bytes);
  if (body === "refused") return { code: "body_refused" };
  const named = nameOperation(routed, { name: connector.name, location }, head.value, body);
  if (!named.ok) return { code: named.error.code };
  return decide(authorityOf(connector, location, list.grants[row.grant] ?? []), named.value, list.known);
}

function readBody(
  headers: ReadonlyMap<string, string>,
  text: string | undefined,
  bytes: number,
): Json | undefined | "refused" {
  if (text === undefined || text === "") return undefined;
  if (!/^application\/json(?:; charset=utf-8)?$/.test(headers.get("content-type") ?? "")) return "refused";
  if (headers.has("content-encoding")) return "refused";
  const json = readJson(text, { ...JSON_LIMITS, bytes });
  return json.ok ? json.value : "refused";
}

function authorityOf(connector: Connector, location: string, grant: readonly JsonObject[]): Authority {
  const authority = parseAuthority(
    grant.map((entry) => ({ ...entry, locations: [location] })),
    (type) => {
      const recordType = connector.types[type.slice(connector.name.length + 1)];
      return recordType === undefined ? undefined : { location, connector, recordType };
    },
  );
  if (!authority.ok) throw new Error(`a grant is none: ${authority.error.detail}`);
  return authority.value;
}

function decide(authority: Authority, named: Named, known: MustList["known"]): Judged {
  const first = permits(authority, named.operation);
  const inside = first.ok || first.error.code !== "record_not_granted" ? undefined : proofFor(authority, named, known);
  if (inside === "refused") return { code: permitsCode(authority, supposeInside(authority, named.operation)) };
  const about = inside === undefined ? named.operation : proven(named.operation, inside);
  const before = permits(authority, about);
  // nothing is looked up for what is refused whatever a key means
  const open = !before.ok && before.error.code === "value_not_granted" && named.lookups.length > 0;
  if (!before.ok && !open) return { code: before.error.code };
  const entryIndex = before.ok ? before.value.entries[0] : undefined;
  const pinned = inside?.id ?? pinnedId(authority, named.routed.named);
  const meant = Object.fromEntries(
    named.lookups.map(({ lookup, as, key }) => {
      const answer = known[`GET ${printTemplate(lookup.path, { record: pinned }) ?? ""}`] ?? null;
      const items = atPointer(answer, lookup.list);
      const item = Array.isArray(items) ? items.find((one: Json) => atPointer(one, lookup.key) === key) : undefined;
      return [as, (item === undefined ? undefined : atPointer(item, lookup.value)) ?? "unknown"] as const;
    }),
  );
  const operation = { ...about, members: { ...about.members, ...meant } };
  const decided = permits(authority, operation);
  if (!decided.ok) return { code: decided.error.code };
  const entry = authority[decided.value.entries[0] ?? entryIndex ?? 0] as Entry;
  const { method, target, body } = rebuild({ ...named, operation }, pinned, entry);
  const printed = body === undefined ? undefined : readJson(body);
  return { code: "ok", sent: { method, path: target, ...(printed?.ok === true ? { body: printed.value } : {}) } };
}

const permitsCode = (authority: Authority, operation: Named["operation"]): string => {
  const decided = permits(authority, operation);
  return decided.ok ? "record_not_granted" : decided.error.code;
};

function pinnedId(authority: Authority, name: string): string {
  const scopes = authority.map(({ record }) => record);
  const found = scopes.find((scope) => scope.by === "identifier" && [scope.identifier, scope.alias].includes(name));
  return found?.by === "identifier" ? found.identifier : name;
}

/** A parent that is granted and whose own list, as it is known, names the record. */
function proofFor(authority: Authority, named: Named, known: MustList["known"]): Proof | "refused" | undefined {
  const { type, named: id } = named.routed;
  if (!authority.some(({ record }) => record.by === "within")) return undefined;
  for (const { record } of authority) {
    const parent = record.by === "within" ? type.parents[record.type] : undefined;
    if (record.by !== "within" || parent?.by !== "list") continue;
    const query = new URLSearchParams(parent.query).toString();
    const path = printTemplate(parent.path, { record: record.identifier }) ?? "";
    const items = atPointer(known[`GET ${path}?${query}`] ?? null, parent.list);
    const lists =
      Array.isArray(items) && items.some((item: Json) => isJsonObject(item) && atPointer(item, parent.key) === id);
    if (lists) return { id, parents: [{ type: record.type, identifier: record.identifier }] };
  }
  return "refused";
}

interface Proof {
  readonly id: string;
  readonly parents: readonly { readonly type: string; readonly identifier: string }[];
}
