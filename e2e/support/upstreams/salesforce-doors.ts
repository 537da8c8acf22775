import { isJsonObject, type Json, type JsonObject } from "@remit/core";
import { IDS, linkOf, NoSuchField, type SalesforceOrg, type SalesforceRecord } from "./salesforce-records.ts";

/** One request, or one part of a composite one. */
export interface Asked {
  readonly method: string;
  /** Below `/services/data/vNN.N/`. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Json | undefined;
  readonly version: string;
}

export interface Said {
  readonly status: number;
  /** JSON, or text that goes as CSV. */
  readonly body?: Json;
  readonly csv?: string;
}

type Door = (org: SalesforceOrg, asked: Asked) => Said;

const fault = (status: number, errorCode: string, message: string, fields: readonly string[] = []): Said => ({
  status,
  body: [{ message, errorCode, ...(fields.length === 0 ? {} : { fields: [...fields] }) }],
});
const missing = fault(404, "NOT_FOUND", "The requested resource does not exist");
const json = (body: Json, status = 200): Said => ({ status, body });
const objectOf = (body: Json | undefined): JsonObject => (isJsonObject(body) ? body : {});
const listOf = (body: Json | undefined): readonly Json[] => (Array.isArray(body) ? body : []);
const textOf = (body: Json | undefined): string => (typeof body === "string" ? body : "");

/** Answers as the API does, whoever asks: the side doors are all open. */
export function answer(org: SalesforceOrg, asked: Asked): Said {
  const override = asked.method === "POST" ? asked.query.get("_HttpMethod") : null;
  const request = override === null ? asked : { ...asked, method: override };
  const door = DOORS[request.path[0] ?? ""];
  try {
    return door === undefined ? missing : door(org, request);
  } catch (error) {
    if (!(error instanceof NoSuchField)) throw error;
    return fault(400, "INVALID_FIELD", `No such column '${error.message}' on the record`, [error.message]);
  }
}

const splitFields = (list: string): readonly string[] =>
  list
    .split(",")
    .map((field) => field.trim())
    .filter((field) => field !== "");

function sobjects(org: SalesforceOrg, asked: Asked): Said {
  const [, type = "", key, more] = asked.path;
  if (type === "") return json({ sobjects: [{ name: "Account" }, { name: "Case" }] });
  if (key === undefined) return asked.method === "POST" ? created(org, type, asked.body) : recent(org, type, asked);
  if (key === "describe" || key === "deleted" || key === "updated") return json({ name: type, fields: [] });
  const record = org.find(type, key);
  if (record === undefined) return more === undefined ? missing : byExternalKey(org, asked, type, key, more);
  return more === undefined ? row(org, asked, record) : traverse(org, asked, record, more);
}

function row(org: SalesforceOrg, asked: Asked, record: SalesforceRecord): Said {
  const fields = asked.query.get("fields");
  switch (asked.method) {
    case "GET":
      return json(org.show(record, fields === null ? Object.keys(record.fields) : splitFields(fields), asked.version));
    case "PATCH":
      if (objectOf(asked.body)["Subject"] === "REFUSE ME")
        return fault(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "private text of the rule", ["Subject", "Description"]);
      org.write(record, objectOf(asked.body));
      return { status: 204 };
    case "DELETE":
      org.remove(record);
      return { status: 204 };
    default:
      return fault(405, "METHOD_NOT_ALLOWED", "HTTP method not allowed");
  }
}

function traverse(org: SalesforceOrg, asked: Asked, record: SalesforceRecord, relationship: string): Said {
  const held = record.fields[linkOf(relationship) ?? ""];
  const parent = typeof held === "string" ? org.find(relationship, held) : undefined;
  if (parent !== undefined) return row(org, asked, parent);
  const type = relationship.replace(/s$/, "");
  const children = org.all(type).filter(({ fields }) => fields["AccountId"] === record.id);
  return json(resultOf(org, children, Object.keys(children[0]?.fields ?? {}), asked.version));
}

function byExternalKey(org: SalesforceOrg, asked: Asked, type: string, field: string, value: string): Said {
  const record = org.all(type).find(({ fields }) => fields[field] === decodeURIComponent(value));
  if (record !== undefined) return row(org, asked, record);
  return asked.method === "PATCH" ? created(org, type, { ...objectOf(asked.body), [field]: value }) : missing;
}

function created(org: SalesforceOrg, type: string, body: Json | undefined): Said {
  const { id } = org.create(type, objectOf(body));
  return json({ id, success: true, errors: [] }, 201);
}

function recent(org: SalesforceOrg, type: string, { version }: Asked): Said {
  return json({ recentItems: org.all(type).map((record) => org.show(record, ["Name"], version)) });
}

const resultOf = (
  org: SalesforceOrg,
  found: readonly SalesforceRecord[],
  fields: readonly string[],
  version: string,
): JsonObject => ({
  totalSize: found.length,
  done: true,
  records: found.map((record) => org.show(record, fields, version)),
});

const SOQL = /^\s*SELECT\s+(.+?)\s+FROM\s+(\w+)(?:\s+WHERE\s+(\w+)\s*=\s*'([^']*)')?/i;

/** `SELECT a,b FROM T [WHERE F = 'v']`: any record of the organisation. */
function soql(org: SalesforceOrg, text: string, version: string): Said {
  const [, fields, type = "", by, value] = SOQL.exec(text) ?? [];
  if (fields === undefined) return fault(400, "MALFORMED_QUERY", "unexpected token");
  const found = org
    .all(type)
    .filter((record) => by === undefined || (by === "Id" ? record.id : record.fields[by]) === value);
  const names = /^FIELDS\(/i.test(fields) ? Object.keys(found[0]?.fields ?? {}) : splitFields(fields);
  return json(resultOf(org, found, names, version));
}

const query: Door = (org, { query: parameters, version }) => soql(org, parameters.get("q") ?? "", version);

/** `FIND {text}`: every record that holds it. */
function search(org: SalesforceOrg, { query: parameters, body, version }: Asked): Said {
  const text = /\{(.*?)\}/.exec(parameters.get("q") ?? "")?.[1] ?? textOf(objectOf(body)["q"]);
  const found = ["Account", "Contact", "Case", "Opportunity"]
    .flatMap((type) => org.all(type))
    .filter(({ fields }) => JSON.stringify(fields).includes(text));
  return json({ searchRecords: found.map((record) => org.show(record, Object.keys(record.fields), version)) });
}

function composite(org: SalesforceOrg, asked: Asked): Said {
  const [, kind] = asked.path;
  const body = objectOf(asked.body);
  if (kind === undefined) return json({ compositeResponse: [...inTurn(org, listOf(body["compositeRequest"]))] });
  if (kind === "batch") return batch(org, listOf(body["batchRequests"]));
  if (kind === "graph")
    return json({
      graphs: listOf(body["graphs"]).map((graph) => [...inTurn(org, listOf(objectOf(graph)["compositeRequest"]))]),
    });
  if (kind === "tree") {
    const made = listOf(body["records"]).map((record) => org.create(asked.path[2] ?? "", objectOf(record)).id);
    return json({ hasErrors: false, results: made.map((id) => ({ id })) }, 201);
  }
  return kind === "sobjects" ? collections(org, asked, body) : missing;
}

/** Later requests may name what earlier ones answered: `@{ref.Id}` is put in before a request is read. */
function inTurn(org: SalesforceOrg, requests: readonly Json[]): readonly Json[] {
  const answers = new Map<string, JsonObject>();
  return requests.slice(0, 25).map((request) => {
    const put = JSON.stringify(request).replace(/@\{(\w+)\.(\w+)\}/g, (_all, ref: string, name: string) =>
      textOf(answers.get(ref)?.[name]),
    );
    const { method, url, body, referenceId } = objectOf(JSON.parse(put) as Json);
    const said = answer(org, {
      ...partsOf(textOf(url).replace(/^\/services\/data\//, "")),
      method: textOf(method),
      body,
    });
    answers.set(textOf(referenceId), objectOf(said.body));
    return { body: said.body ?? null, httpStatusCode: said.status, referenceId: referenceId ?? null };
  });
}

function batch(org: SalesforceOrg, requests: readonly Json[]): Said {
  const results = requests.slice(0, 25).map((request) => {
    const { method, url, richInput } = objectOf(request);
    return answer(org, { ...partsOf(textOf(url)), method: textOf(method), body: richInput });
  });
  return json({
    hasErrors: results.some(({ status }) => status >= 400),
    results: results.map(({ status, body }) => ({ statusCode: status, result: body ?? null })),
  });
}

/** Reads `v62.0/sobjects/…?…`, as sub-requests name themselves. */
export function partsOf(target: string): Omit<Asked, "method" | "body"> {
  const [path = "", search = ""] = target.replace(/^\//, "").split("?");
  const [version = "", ...rest] = path.split("/");
  return { version, path: rest, query: new URLSearchParams(search) };
}

function collections(org: SalesforceOrg, asked: Asked, body: JsonObject): Said {
  const type = asked.path[2] ?? "";
  if (asked.method === "POST" && type !== "") {
    const found = listOf(body["ids"]).flatMap((id) => org.find(type, textOf(id)) ?? []);
    return json(found.map((record) => org.show(record, listOf(body["fields"]).map(textOf), asked.version)));
  }
  const results = listOf(body["records"]).map((item) => {
    const { id, attributes, ...fields } = objectOf(item);
    const record = org.find(textOf(objectOf(attributes)["type"]), textOf(id));
    if (record !== undefined) org.write(record, fields);
    return { id: id ?? null, success: record !== undefined, errors: [] };
  });
  return json(results);
}

const JOB = "7505g00000Query1AAA";

/** Bulk 2.0: a job is made, is done at once, and its results are all rows as CSV. */
function jobs(org: SalesforceOrg, asked: Asked): Said {
  const [, kind = "", id, part] = asked.path;
  if (asked.method === "POST") {
    org.jobs.set(JOB, textOf(objectOf(asked.body)["query"]));
    return json({
      id: JOB,
      state: kind === "query" ? "UploadComplete" : "Open",
      operation: kind,
      contentUrl: `jobs/ingest/${JOB}`,
    });
  }
  if (kind === "query" && part === "results") {
    const rows = listOf(objectOf(soql(org, org.jobs.get(JOB) ?? "", asked.version).body)["records"]).map(objectOf);
    const names = Object.keys(rows[0] ?? {}).filter((name) => name !== "attributes");
    return {
      status: 200,
      csv: [names, ...rows.map((row) => names.map((name) => row[name]))].map((row) => row.join(",")).join("\n"),
    };
  }
  if (kind === "ingest" && asked.method === "PUT") {
    const record = org.find("Case", IDS.foreign);
    if (record !== undefined) org.write(record, { Status: "Closed" });
    return { status: 201 };
  }
  return id === undefined ? json({ done: true, records: [] }) : json({ id, state: "JobComplete" });
}

/** Names of types in a query show all their records. */
function graphql(org: SalesforceOrg, { body, version }: Asked): Said {
  const named = ["Account", "Contact", "Case", "Opportunity"].filter((type) =>
    textOf(objectOf(body)["query"]).includes(type),
  );
  const shown = named.map((type) => [
    type,
    { edges: org.all(type).map((record) => ({ node: org.show(record, Object.keys(record.fields), version) })) },
  ]);
  return json({ data: { uiapi: { query: Object.fromEntries(shown) } }, errors: [] });
}

const tooling: Door = (org, asked) => {
  if (asked.path[1] === "query") return query(org, asked);
  const record = org.find("Case", IDS.foreign);
  if (record !== undefined) org.write(record, { Status: "Closed" });
  return json({ compiled: true, success: true });
};

function uiApi(org: SalesforceOrg, asked: Asked): Said {
  const [, kind, id = ""] = asked.path;
  const record = ["Account", "Contact", "Case", "Opportunity"].map((type) => org.find(type, id)).find(Boolean);
  if (kind !== "records" || record === undefined) return missing;
  if (asked.method === "PATCH") return row(org, { ...asked, body: objectOf(asked.body)["fields"] }, record);
  return json({
    apiName: record.type,
    id: record.id,
    fields: org.show(record, Object.keys(record.fields), asked.version),
  });
}

const DOORS: Readonly<Record<string, Door>> = {
  ...{ sobjects, query, queryAll: query, search, parameterizedSearch: search, composite, jobs, graphql, tooling },
  "ui-api": uiApi,
  limits: () => json({ DailyApiRequests: { Max: 15000, Remaining: 14998 } }),
};
