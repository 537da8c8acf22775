import {
  asDetails,
  type Authority,
  isJsonObject,
  type Decided,
  judgeRequest,
  type Judged,
  knownAnswers,
  type KnownAnswers,
  nothingKnown,
  type RawRequest,
  sentFor,
} from "@remit/core";
import { readPlainFile } from "../connectors/load.ts";
import { CommandError, EXIT } from "../exit.ts";
import { type AuthoritySource, readAuthority } from "../explain/authority.ts";
import { findPlace, type Place, type PlaceFlags } from "../explain/place.ts";
import { readCurl, type RequestFlags } from "../explain/request.ts";
import { dependsText, type EntryVerdict, refusalText, sentencesOf } from "../explain/words.ts";
import type { Output } from "../output.ts";
import type { Places } from "../places.ts";

export type ExplainFlags = PlaceFlags &
  RequestFlags & {
    readonly source: AuthoritySource;
    /** A file with answers of the API, by `GET /path`. */
    readonly known: string | undefined;
  };

/** Says whether one request is allowed under an authority, by which entry, and what would have sufficed. Returns the exit code. */
export async function explain(url: string, flags: ExplainFlags, places: Places, output: Output): Promise<number> {
  const place = findPlace(flags);
  const authority = await readAuthority(flags.source, place, flags.config, places);
  const request = readCurl(url, flags, place.resource.name);
  const known = flags.known === undefined ? nothingKnown : knownIn(flags.known);
  const judged = await judgeRequest({ ...place, authority }, request, known);
  switch (judged.decision) {
    case "allowed":
      return sayAllowed(judged, authority, place, output);
    case "depends": {
      const text = dependsText(judged.on, authority);
      const { operation, record } = aboutOf(judged.on);
      output.answer({ ok: false, error: "refused", decision: "depends", operation, record, message: text }, [
        `depends: ${operation} on ${record}`,
        `  ${text}`,
        "  with --known FILE the answer can be given",
      ]);
      return EXIT.refused;
    }
    case "refused":
      return sayRefused(judged, await verdicts(place, authority, request, known), place, output);
  }
}

function knownIn(file: string): KnownAnswers {
  const answers = readPlainFile(file);
  if (!isJsonObject(answers))
    throw new CommandError("error", `\`${file}\` holds no answers`, { fix: "write an object of them by `GET /path`" });
  return knownAnswers(answers);
}

const aboutOf = (on: Extract<Judged, { decision: "depends" }>["on"]): { operation: string; record: string } =>
  on.what === "place"
    ? { operation: on.operation, record: on.name }
    : { operation: on.named.operation.name, record: on.named.routed.named };

function sayAllowed(
  { decided, others }: Extract<Judged, { decision: "allowed" }>,
  authority: Authority,
  place: Place,
  output: Output,
): number {
  const first = allowedOne(decided, authority, place);
  const rest = others.map((one) => allowedOne(one, authority, place));
  output.answer(
    {
      ...{ ok: true, decision: "allowed", ...first.value },
      ...(rest.length === 0 ? {} : { others: rest.map(({ value }) => value) }),
    },
    [first, ...rest].flatMap(({ text }) => text),
  );
  return EXIT.ok;
}

function allowedOne(
  decided: Decided,
  authority: Authority,
  place: Place,
): { readonly value: object; readonly text: readonly string[] } {
  const { named, entry, inside } = decided;
  const { name } = named.operation;
  const record = named.routed.named;
  const number = authority.findIndex(({ record: held, type }) => held === entry.record && type === entry.type) + 1;
  const sentences = sentencesOf(entry, place);
  // under a grant for everything within a parent the answer itself decides
  const released =
    inside === undefined ? undefined : "its answer is released only if it says that the record is within the parent";
  const sent = isSupposed(entry.record) ? undefined : sentFor(decided);
  return {
    value: {
      ...{ operation: name, record, entry: number, gives: sentences },
      ...(released === undefined ? {} : { but: released }),
      ...(sent === undefined ? {} : { sent: { method: sent.method, path: sent.target, body: sent.body ?? null } }),
    },
    text: [
      `allowed: ${name} on ${record}`,
      `  by entry ${number}: ${sentences.join("; ")}`,
      ...(released === undefined ? [] : [`  but ${released}`]),
      sent === undefined
        ? "  what is sent names the record by its identifier, which is found when it is granted"
        : `  sent: ${sent.method} ${sent.target}${sent.body === undefined ? "" : ` ${sent.body}`}`,
    ],
  };
}

/** An alias stands in the place of an identifier that is not known. */
const isSupposed = (record: Authority[number]["record"]): boolean =>
  record.by === "identifier" && record.identifier === record.alias;

/** What each entry alone says of the call. */
async function verdicts(
  place: Place,
  authority: Authority,
  request: RawRequest,
  known: KnownAnswers,
): Promise<readonly EntryVerdict[]> {
  const found: EntryVerdict[] = [];
  for (const [index, entry] of authority.entries()) {
    const alone = await judgeRequest({ ...place, authority: [entry] }, request, known);
    const refusal = alone.decision === "refused" ? alone.refusal : undefined;
    found.push({
      entry: index + 1,
      gives: sentencesOf(entry, place),
      code: refusal?.code ?? alone.decision,
      over: refusal?.over,
    });
  }
  return found;
}

/** Codes that are given before any entry is asked. */
const OF_THE_FORM: readonly string[] = ["head_refused", "body_refused", "operation_unknown"];

function sayRefused(
  { refusal }: Extract<Judged, { decision: "refused" }>,
  entries: readonly EntryVerdict[],
  place: Place,
  output: Output,
): number {
  const { code, operation, alias, over } = refusal;
  const text = refusalText(refusal);
  const asked = OF_THE_FORM.includes(code) ? [] : entries;
  const sufficient = asDetails(refusal.sufficient ?? [], place.connector);
  output.answer(
    {
      ...{ ok: false, error: "refused", decision: "refused", code, message: text, detail: refusal.detail },
      ...{ operation: operation ?? null, record: alias ?? null, over: over ?? {}, entries: asked, sufficient },
    },
    [
      `refused: ${operation === undefined ? "no operation" : `${operation} on ${alias ?? "?"}`}`,
      `  ${text}`,
      ...(asked.length === 0 ? ["  it is the form of the request that is refused; no entry was asked"] : []),
      ...asked.map((one) => `  entry ${one.entry} (${one.gives.join("; ")}): ${one.code}`),
      ...(sufficient.length === 0
        ? ["  nothing that can be granted would have sufficed"]
        : ["this would have sufficed, as authorization_details:", ...JSON.stringify(sufficient, null, 2).split("\n")]),
    ],
  );
  return EXIT.refused;
}
