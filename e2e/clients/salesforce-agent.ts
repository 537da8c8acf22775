import { Connection } from "jsforce";

// An agent that knows Salesforce and nothing else: the unmodified client, two variables, no secret of its own.

const say = (step: string, facts: Readonly<Record<string, unknown>>): void =>
  void process.stdout.write(`${JSON.stringify({ step, ...facts })}\n`);

const salesforce = new Connection({
  instanceUrl: process.env["SALESFORCE_INSTANCE_URL"] ?? "",
  accessToken: process.env["SALESFORCE_ACCESS_TOKEN"] ?? "",
});

/** What jsforce makes of an answer: the words of its own error hold the body that came. */
async function attempt(step: string, run: () => Promise<unknown>): Promise<void> {
  try {
    const value = await run();
    say(step, { ok: true, value: value ?? null });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    say(step, { ok: false, body: message.startsWith("{") ? JSON.parse(message) : message });
  }
}

const [granted = "", sibling = "", account = ""] = process.argv.slice(2);
const cases = salesforce.sobject("Case");

await attempt("read fields", async () => cases.retrieve(granted, { fields: ["Subject", "Status"] }));
await attempt("read all", async () => cases.retrieve(granted));
await attempt("read through the record", async () => cases.record(granted).retrieve());
await attempt("update", async () => cases.update({ Id: granted, Priority: "High" }));
await attempt("update through the record", async () => cases.record(granted).update({ Status: "Working" }));
await attempt("refused by a rule", async () => cases.update({ Id: granted, Subject: "REFUSE ME" }));

await attempt("update another field", async () => cases.update({ Id: granted, Description: "changed" }));
await attempt("update another value", async () => cases.update({ Id: granted, Status: "Closed" }));
await attempt("read another field", async () => cases.retrieve(granted, { fields: ["Subject", "Description"] }));
await attempt("read a related record", async () => cases.retrieve(granted, { fields: ["Account.Name"] }));
await attempt("read a sibling", async () => cases.retrieve(sibling, { fields: ["Subject"] }));
await attempt("read the account", async () => salesforce.retrieve("Account", account));
await attempt("update many", async () =>
  cases.update([
    { Id: granted, Priority: "Low" },
    { Id: sibling, Priority: "Low" },
  ]),
);
await attempt("upsert", async () => cases.upsert({ ExternalKey__c: "K-00001026", Priority: "Low" }, "ExternalKey__c"));
await attempt("create", async () => cases.create({ Subject: "made" }));
await attempt("destroy", async () => cases.destroy(granted));
await attempt("describe", async () => cases.describe());
await attempt("describe all", async () => salesforce.describeGlobal());
await attempt("recent", async () => cases.recent());
await attempt("updated", async () => cases.updated("2026-11-01T00:00:00Z", "2026-11-24T00:00:00Z"));
await attempt("limits", async () => salesforce.limits());

await attempt("query", async () => salesforce.query("SELECT Id, Subject, Description FROM Case"));
await attempt("query all", async () => salesforce.query("SELECT Id FROM Contact", { scanAll: true }));
await attempt("query more", async () => salesforce.queryMore("01g5g00000Cursor1AAA-2000"));
await attempt("search", async () => salesforce.search("FIND {private} IN ALL FIELDS RETURNING Case(Id, Description)"));
await attempt("bulk query", async () => (await salesforce.bulk2.query("SELECT Id, Description FROM Case")).toArray());
await attempt("bulk change", async () => {
  const job = salesforce.bulk2.createJob({ operation: "update", object: "Case" });
  job.on("error", () => undefined);
  await job.open();
});
await attempt("composite", async () =>
  salesforce.requestPost("/composite", {
    compositeRequest: [
      { method: "GET", url: `/services/data/v50.0/sobjects/Case/${granted}`, referenceId: "one" },
      { method: "GET", url: "/services/data/v50.0/sobjects/Account/@{one.AccountId}", referenceId: "two" },
    ],
  }),
);
await attempt("batch", async () =>
  salesforce.requestPost("/composite/batch", {
    batchRequests: [
      { method: "PATCH", url: `v50.0/sobjects/Case/${granted}`, richInput: { Priority: "Medium" } },
      { method: "GET", url: `v50.0/sobjects/Case/${granted}?fields=Priority` },
      { method: "PATCH", url: `v50.0/sobjects/Case/${granted}`, richInput: { Subject: "REFUSE ME" } },
    ],
  }),
);
await attempt("batch with a sibling", async () =>
  salesforce.requestPost("/composite/batch", {
    batchRequests: [
      { method: "GET", url: `v50.0/sobjects/Case/${granted}?fields=Subject` },
      { method: "GET", url: `v50.0/sobjects/Case/${sibling}?fields=Subject` },
    ],
  }),
);
await attempt("graphql", async () =>
  salesforce.requestPost("/graphql", { query: "query { uiapi { query { Case { edges { node { Id } } } } } }" }),
);
await attempt("method override", async () =>
  salesforce.requestPost(`/sobjects/Case/${granted}?_HttpMethod=PATCH`, { Description: "changed" }),
);
await attempt("tooling", async () => salesforce.tooling.query("SELECT Body FROM ApexClass"));
await attempt("apex", async () => salesforce.apex.get("/export"));
await attempt("chatter", async () => salesforce.chatter.resource("/users/me").retrieve());
await attempt("report", async () => salesforce.analytics.report("00O5g00000Rep001AAA").execute());
