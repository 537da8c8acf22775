import type { Json, JsonObject } from "@remit/core";

/** One record as the organisation holds it. */
export interface SalesforceRecord {
  readonly type: string;
  readonly id: string;
  readonly fields: Record<string, Json>;
}

/** What became of the organisation's data: `Type id Field` for each value that was shown or changed. */
export interface Touched {
  readonly disclosed: ReadonlySet<string>;
  readonly changed: ReadonlySet<string>;
}

/** The records of one organisation. Every read and every write of a value is written down. */
export interface SalesforceOrg extends Touched {
  /** What the job of a bulk export asks for. */
  readonly jobs: Map<string, string>;
  find(type: string, id: string): SalesforceRecord | undefined;
  all(type: string): readonly SalesforceRecord[];
  /** Fields of a record as the API shows them; a dotted name goes to a related record. Throws `NoSuchField`. */
  show(record: SalesforceRecord, fields: readonly string[], version: string): JsonObject;
  write(record: SalesforceRecord, fields: JsonObject): void;
  create(type: string, fields: JsonObject): SalesforceRecord;
  remove(record: SalesforceRecord): void;
}

/** A field that the type does not have: the API answers 400 INVALID_FIELD. */
export class NoSuchField extends Error {}

const SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/** The 18-character form of an id: three characters say which of the 15 are upper-case. */
export function longId(id: string): string {
  if (id.length !== 15) return id;
  const letters = [0, 5, 10].map((from) => {
    const bits = [...id.slice(from, from + 5)].map((letter, at) => (/[A-Z]/.test(letter) ? 1 << at : 0));
    return SUFFIX[bits.reduce((sum, bit) => sum + bit, 0)] ?? "";
  });
  return id + letters.join("");
}

const PREFIXES: Readonly<Record<string, string>> = { Account: "001", Contact: "003", Opportunity: "006", Case: "500" };

/** Where a relationship of a record leads: by the field that holds the id. */
const LINKS: Readonly<Record<string, string>> = { Account: "AccountId", Contact: "ContactId", Parent: "ParentId" };

const acme = longId("0015g00000Acme1");
const globex = longId("0015g00000Glob1");
const person = longId("0035g00000Dana1");

/** Ids that tests speak of. */
export const IDS = {
  acme,
  globex,
  person,
  stranger: longId("0035g00000Otto1"),
  granted: longId("5005g00000Case1"),
  sibling: longId("5005g00000Case2"),
  foreign: longId("5005g00000Case3"),
  deal: longId("0065g00000Deal1"),
  foreignDeal: longId("0065g00000Deal2"),
} as const;

const caseOf = (number: string, account: string, subject: string): Record<string, Json> => ({
  ...{ CaseNumber: number, Subject: subject, Status: "New", Priority: "Low", Origin: "Web", Type: null, Reason: null },
  ...{
    Description: `private text of ${number}`,
    AccountId: account,
    ContactId: person,
    OwnerId: "0055g00000Owner1AAA",
  },
  ...{ SuppliedEmail: `writer@${number}.example`, IsClosed: false, CreatedDate: "2026-11-20T08:00:00.000+0000" },
  ...{ Comments: null, ExternalKey__c: `K-${number}`, LastModifiedDate: "2026-11-21T08:00:00.000+0000" },
});

const START: readonly (readonly [type: string, id: string, fields: Record<string, Json>])[] = [
  ["Account", acme, { Name: "Acme", Phone: "+1 555 0100", Industry: "Energy", AnnualRevenue: 8000000, ParentId: null }],
  ["Account", globex, { Name: "Globex", Phone: "+1 555 0199", Industry: "Media", AnnualRevenue: 100, ParentId: null }],
  [
    "Contact",
    person,
    { Name: "Dana Doe", LastName: "Doe", FirstName: "Dana", Email: "dana@acme.example", AccountId: acme },
  ],
  [
    "Contact",
    IDS.stranger,
    { Name: "Otto Berg", LastName: "Berg", FirstName: "Otto", Email: "otto@globex.example", AccountId: globex },
  ],
  ["Case", IDS.granted, caseOf("00001026", acme, "Login fails")],
  ["Case", IDS.sibling, caseOf("00001027", acme, "Invoice is wrong")],
  ["Case", IDS.foreign, caseOf("00002001", globex, "Keys leaked")],
  ["Opportunity", IDS.deal, { Name: "Renewal", StageName: "Prospecting", Amount: 1200.5, AccountId: acme }],
  ["Opportunity", IDS.foreignDeal, { Name: "Merger", StageName: "Negotiation", Amount: 9, AccountId: globex }],
];

const MAX_RECORDS = 1_000;

export function openOrg(): SalesforceOrg {
  const records = new Map(START.map(([type, id, fields]) => [id, { type, id, fields: { ...fields } }]));
  const disclosed = new Set<string>();
  const changed = new Set<string>();
  const find = (type: string, id: string): SalesforceRecord | undefined => {
    const record = records.get(longId(id));
    return record?.type.toLowerCase() === type.toLowerCase() ? record : undefined;
  };
  const showOne = (record: SalesforceRecord, field: string, version: string): readonly [string, Json] => {
    const [head = "", ...rest] = field.split(".");
    if (rest.length > 0) {
      const related = relatedOf(records, record, head);
      if (related === undefined) throw new NoSuchField(field);
      return [head, show(related, [rest.join(".")], version)];
    }
    const name = ["Id", ...Object.keys(record.fields)].find((known) => known.toLowerCase() === head.toLowerCase());
    if (name === undefined) throw new NoSuchField(field);
    if (name !== "Id") disclosed.add(`${record.type} ${record.id} ${name}`);
    return [name, name === "Id" ? record.id : (record.fields[name] ?? null)];
  };
  const show = (record: SalesforceRecord, fields: readonly string[], version: string): JsonObject => ({
    attributes: { type: record.type, url: `/services/data/${version}/sobjects/${record.type}/${record.id}` },
    ...Object.fromEntries(fields.map((field) => showOne(record, field, version))),
    Id: record.id,
  });
  return {
    ...{ disclosed, changed, find, show, jobs: new Map<string, string>() },
    all: (type) => [...records.values()].filter((record) => record.type.toLowerCase() === type.toLowerCase()),
    write(record, fields) {
      for (const name of Object.keys(fields)) if (!Object.hasOwn(record.fields, name)) throw new NoSuchField(name);
      for (const [name, value] of Object.entries(fields)) {
        record.fields[name] = value;
        changed.add(`${record.type} ${record.id} ${name}`);
      }
    },
    create(type, fields) {
      if (records.size >= MAX_RECORDS) throw new Error("the organisation is full");
      const id = longId(`${PREFIXES[type] ?? "a00"}5g0000${String(records.size).padStart(6, "0")}`);
      const record = { type, id, fields: { ...fields } };
      records.set(id, record);
      changed.add(`${type} ${id} *`);
      return record;
    },
    remove(record) {
      records.delete(record.id);
      changed.add(`${record.type} ${record.id} *`);
    },
  };
}

function relatedOf(
  records: ReadonlyMap<string, SalesforceRecord>,
  record: SalesforceRecord,
  relationship: string,
): SalesforceRecord | undefined {
  const held = record.fields[LINKS[relationship] ?? ""];
  return typeof held === "string" ? records.get(held) : undefined;
}

/** The field that leads to a relationship's record. */
export const linkOf = (relationship: string): string | undefined => LINKS[relationship];
