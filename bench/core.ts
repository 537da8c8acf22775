import { readFileSync } from "node:fs";
import {
  type Authority,
  type Connector,
  type Json,
  type Named,
  nameOperation,
  narrow,
  parseAuthority,
  parseConnector,
  permits,
  project,
  readHead,
  readJson,
  route,
} from "@remit/core";
import { sha256 } from "@remit/sdk";
import { parse } from "yaml";
import { absoluteRow, cpuHere, noteOf, type Row, rowOf } from "./measure.ts";

const LOCATION = "https://gw.bench.example/r/jira";
const RESOURCE = { name: "jira", location: LOCATION };
const PATH = "/rest/api/3/issue/10442";
/** Entries of the largest authority, of which the last one permits. */
const MANY = 16;
const CONNECTORS = 200;

/** What the pure steps of a call cost on the shipped Jira connector, in this process. */
export function measureCore(): readonly Row[] {
  const connector = readConnector("jira");
  const [one, many] = [authorityOf(connector, 1), authorityOf(connector, MANY)];
  const named = name(connector);
  const ticket = ticketOf(connector);
  const text = Buffer.from(JSON.stringify(ticket));
  const entry = one[0];
  if (entry === undefined) throw new Error("an authority has an entry");
  const parsed = cpuHere(() => void JSON.parse(text.toString("utf8")), 2_000);
  const read = cpuHere(() => void readJson(text), 2_000);
  const reference = cpuHere(() => void JSON.stringify(JSON.parse(text.toString("utf8"))), 2_000);
  const projected = cpuHere(() => {
    const json = readJson(text);
    const released = json.ok ? project(200, json.value, { named, pinnedId: "10442", entry, authority: one }) : json;
    if (!released.ok) throw new Error("a good answer was withheld");
    JSON.stringify(released.value);
  }, 2_000);
  const whole = readJson(text);
  if (!whole.ok) throw new Error(whole.error.reason);
  const printed = cpuHere(() => {
    const released = project(200, whole.value, { named, pinnedId: "10442", entry, authority: one });
    if (!released.ok) throw new Error("a good answer was withheld");
    JSON.stringify(released.value);
  }, 2_000);
  const alone = cpuHere(() => void name(connector), 20_000);
  const others = Array.from({ length: CONNECTORS - 1 }, (_, at) => readConnector("jira", `jira-${at}`));
  for (const other of others) name(other);
  const among = cpuHere(() => void name(connector), 20_000);
  return [
    absolute("permits, one entry", () => void permits(one, named.operation), 2),
    absolute(`permits, ${MANY} entries`, () => void permits(many, named.operation), 6),
    absolute("narrow, one entry", () => void narrow(one, one), 2),
    rowOf(`strict JSON reading of ${Math.round(text.length / 1000)} kB / JSON.parse`, read, parsed.median, 3),
    rowOf("project and print that ticket / JSON.parse and JSON.stringify of it", printed, reference.median, 2),
    noteOf("read, project and print it / JSON.parse and JSON.stringify of it", projected, reference.median),
    rowOf(`name a call among ${CONNECTORS} connectors / alone`, among, alone.median, 1.05),
  ];
}

function absolute(operation: string, run: () => void, goal: number): Row {
  const { median, spread } = cpuHere(run, 50_000);
  return absoluteRow(operation, median, goal, "µs CPU", spread);
}

function readConnector(file: string, name: string = file): Connector {
  const yaml: unknown = parse(readFileSync(new URL(`../connectors/${file}.yaml`, import.meta.url), "utf8"));
  const json = readJson(JSON.stringify({ ...(yaml as object), connector: name })); // a connector is an object
  const connector = json.ok ? parseConnector(json.value, sha256) : undefined;
  if (connector?.ok !== true) throw new Error(`${file} does not parse`);
  return connector.value;
}

function authorityOf(connector: Connector, count: number): Authority {
  const { issue } = connector.types;
  if (issue === undefined) throw new Error("the connector has no issues");
  const known = { location: LOCATION, connector, recordType: issue };
  const read = Object.entries(issue.fields).flatMap(([field, { read: shape }]) => (shape === undefined ? [] : [field]));
  const entries = Array.from({ length: count }, (_, at) => ({
    ...{ type: "jira.issue", locations: [LOCATION], actions: ["read"], fields: { read } },
    identifier: at === count - 1 ? "10442" : String(20_000 + at),
  }));
  const authority = parseAuthority(entries, () => known);
  if (!authority.ok) throw new Error(authority.error.detail);
  return authority.value;
}

function name(connector: Connector): Named {
  const head = readHead({ method: "GET", url: PATH, rawHeaders: ["Host", "gw.bench.example"] });
  if (!head.ok) throw new Error(head.error);
  const named = nameOperation(route(connector, "GET", head.value.segments), RESOURCE, head.value, undefined);
  if (!named.ok) throw new Error(named.error.detail);
  return named.value;
}

/** A ticket of 50 kB: a long description, and members that nobody granted. */
function ticketOf({ types }: Connector): Json {
  const paragraph = (at: number): Json => ({
    type: "paragraph",
    content: [{ type: "text", text: `${at}: the shop answers with an error when a basket is paid twice. `.repeat(4) }],
  });
  const description: Json = { type: "doc", version: 1, content: Array.from({ length: 140 }, (_, at) => paragraph(at)) };
  const histories = Array.from({ length: 100 }, (_, at) => ({
    id: String(at),
    items: [{ field: "status", from: "1", to: "2" }],
  }));
  return {
    ...{ id: "10442", key: "PROJ-42", expand: "changelog", changelog: { histories } },
    fields: {
      ...{
        summary: "Login fails",
        status: { id: "1", name: "Open" },
        priority: { id: "3", name: "Low" },
        labels: ["web"],
      },
      ...(types["issue"]?.fields["description"]?.read === undefined ? { other: description } : { description }),
      customfield_10001: "nobody granted this",
    },
  };
}
