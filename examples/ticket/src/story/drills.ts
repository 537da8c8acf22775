import { type Agent, createAgent, dpopKeyOf, dpopProof, type HeldToken, makeDpopKey, RemitError } from "@remit/sdk";
import { createPrivateKey } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type JsonObject, Secret } from "@remit/core";
import { sendRaw } from "./raw.ts";
import type { Teller } from "./teller.ts";
import type { World } from "./world.ts";

/** A task of Dana's whose token the drills use and misuse. */
export interface Drill {
  readonly agent: Agent;
  readonly held: HeldToken;
  readonly key: ReturnType<typeof makeDpopKey>;
}

/** Begins a task as `remit run` does, but keeps key and token in hand, so that they can be stolen. */
export async function beginDrill(
  world: World,
  record: JsonObject = { alias: "PROJ-42" },
  policy?: string,
  more: readonly JsonObject[] = [],
): Promise<Drill> {
  const file = join(world.folder, "home", "sessions");
  const session = JSON.parse(readFileSync(join(file, readdirSync(file)[0] ?? ""), "utf8")) as {
    handle: string;
    key: Record<string, string>;
  };
  const seat = createAgent({
    issuer: world.remit.issuer,
    base: world.remit.broker,
    dpopKey: dpopKeyOf(createPrivateKey({ key: session.key, format: "jwk" })),
  });
  const key = makeDpopKey();
  const { start } = await seat.beginTask(new Secret(session.handle), {
    resource: "jira-acme",
    authorizationDetails: [{ type: "jira-acme.issue", ...record }, ...more],
    purpose: "drills",
    ...(policy === undefined ? {} : { policy }),
    jkt: key.jkt,
  });
  const agent = createAgent({ issuer: world.remit.issuer, base: world.remit.broker, dpopKey: key });
  return { agent, held: await agent.start(start), key };
}

/** Runs one attempt and tells how it came out, with what the desk received meanwhile. */
export async function attempt(
  world: World,
  teller: Teller,
  step: string,
  asked: string,
  expected: string,
  run: () => Promise<string>,
): Promise<void> {
  const before = await world.received();
  const code = await run();
  teller.tell({ step, asked, expected, code, upstream: (await world.received()) - before });
}

/** The code in an answer: `ok`, or the refusal's. */
export async function codeOf(response: Response): Promise<string> {
  const text = await response.text();
  if (response.ok) return "ok";
  return codeIn(text) ?? `status_${response.status}`;
}

export function codeIn(text: string): string | undefined {
  const found = /"code":"([a-z_]+)"/.exec(text)?.[1];
  return found;
}

const ISSUE = "/rest/api/3/issue/PROJ-42";

type Door = readonly [step: string, asked: string, expected: string, method: string, path: string, body?: unknown];

const LOW = { fields: { priority: { name: "Low" } } };

const DOORS: readonly Door[] = [
  [
    "versioned",
    "read with expand=versionedRepresentations, which ignores the field list",
    "operation_unknown",
    "GET",
    `${ISSUE}?expand=versionedRepresentations`,
  ],
  ["rest 2", "the same ticket through /rest/api/2", "operation_unknown", "GET", "/rest/api/2/issue/PROJ-42"],
  ["bulk edit", "bulk edit", "operation_unknown", "POST", "/rest/api/3/bulk/issues/fields", LOW],
  [
    "bulk read",
    "bulk read",
    "operation_unknown",
    "POST",
    "/rest/api/3/issue/bulkfetch",
    { issueIdsOrKeys: ["PROJ-42", "PROJ-43"] },
  ],
  [
    "status",
    "an edit that names the status, as in Jira an error",
    "field_not_granted",
    "PUT",
    ISSUE,
    { fields: { status: { name: "Done" } } },
  ],
  [
    "return issue",
    "an edit that returns the whole ticket",
    "operation_unknown",
    "PUT",
    `${ISSUE}?returnIssue=true`,
    LOW,
  ],
];

/** Side doors to the same ticket and to others. */
export async function sideDoors(world: World, teller: Teller, { agent, held, key }: Drill): Promise<void> {
  teller.chapter("Side doors");
  for (const [step, asked, expected, method, path, body] of DOORS) {
    const json =
      body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    await attempt(world, teller, step, asked, expected, async () =>
      codeOf(await agent.fetch(held.resource + path, { method, ...json })),
    );
  }
  await attempt(world, teller, "dot dot", "a path with %2e%2e, sent raw", "head_refused", async () => {
    const path = "/r/jira-acme/rest/api/3/issue/PROJ-42/%2e%2e/PROJ-43";
    const proof = dpopProof({
      key,
      method: "GET",
      url: world.remit.gateway + path,
      accessToken: held.accessToken,
      now: Date.now(),
    });
    const who = [`Authorization: DPoP ${held.accessToken.reveal()}`, `DPoP: ${proof}`];
    const sent = [`GET ${path} HTTP/1.1`, `Host: ${new URL(world.remit.gateway).host}`, ...who, "Connection: close"];
    return codeIn((await sendRaw(world.remit.gateway, sent)).body) ?? "no_code";
  });
}

/** A ticket that gets another key between grant and write: the pinned record is written, or nothing. */
export async function movedTicket(world: World, teller: Teller, { agent, held }: Drill): Promise<void> {
  teller.chapter("The ticket is moved between grant and write");
  await world.control("/__desk/move", { id: "10442", key: "OPS-8" });
  await world.control("/__desk/move", { id: "10443", key: "PROJ-42" });
  const edit = async (): Promise<string> =>
    codeOf(
      await agent.fetch(held.resource + ISSUE, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ fields: { priority: { name: "Highest" } } }),
      }),
    );
  await attempt(
    world,
    teller,
    "pinned",
    "set the priority of PROJ-42, which is now another ticket's name: the pinned one is written",
    "ok",
    edit,
  );
  await world.control("/__desk/move", { id: "10443", key: "PROJ-43" });
  await world.control("/__desk/move", { id: "10442", key: "PROJ-42" });
}

/** A thief has the token, but not the key. */
export async function stolenToken(world: World, teller: Teller, { held, key }: Drill): Promise<void> {
  teller.chapter("The token is stolen");
  const url = held.resource + ISSUE;
  const nonce = (await fetch(url)).headers.get("dpop-nonce") ?? undefined;
  const call = async (proof: string): Promise<string> =>
    codeOf(
      await fetch(url, {
        headers: { authorization: `DPoP ${held.accessToken.reveal()}`, dpop: proof },
      }),
    );
  const thief = makeDpopKey();
  const proofBy = (by: typeof key): string =>
    dpopProof({
      key: by,
      method: "GET",
      url,
      nonce,
      accessToken: held.accessToken,
      now: Date.now(),
    });
  await attempt(world, teller, "stolen", "use it with another key", "invalid_dpop_proof", async () =>
    call(proofBy(thief)),
  );
  await attempt(world, teller, "bearer", "use it as a bearer token", "invalid_token", async () =>
    codeOf(await fetch(url, { headers: { authorization: `Bearer ${held.accessToken.reveal()}` } })),
  );
  const used = proofBy(key);
  await attempt(world, teller, "first use", "the holder uses a proof once", "ok", async () => call(used));
  await attempt(world, teller, "replay", "the thief sends the same proof again", "invalid_dpop_proof", async () =>
    call(used),
  );
  await attempt(
    world,
    teller,
    "exchange",
    "another client exchanges it for one of its own",
    "parent_key_mismatch",
    async () => {
      const other = createAgent({
        issuer: world.remit.issuer,
        base: world.remit.broker,
        client: { id: "triage-bot", key: world.botKey },
        dpopKey: thief,
      });
      const request = {
        subjectToken: held.accessToken,
        subjectTokenType: "access_token" as const,
        resource: held.resource,
        authorizationDetails: [{ type: "jira-acme.issue", alias: "PROJ-42" }],
      };
      return refusalCode(async () => other.exchange(request));
    },
  );
}

/** `ok`, or the code with which something was refused. */
export async function refusalCode(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
    return "ok";
  } catch (error) {
    if (error instanceof RemitError) return error.code;
    throw error;
  }
}
