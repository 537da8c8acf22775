import {
  type Authority,
  isJsonObject,
  type Json,
  type Judged,
  judgeRequest,
  placeOf,
  printAsked,
  propose,
} from "@remit/core";
import { PRIMITIVES } from "../connectors/primitives.ts";
import { connectorFile, loadConnector } from "../connectors/load.ts";
import { CommandError, EXIT } from "../exit.ts";
import { readAuthorityFile } from "../explain/authority.ts";
import type { Place } from "../explain/place.ts";
import type { Output } from "../output.ts";
import { asRequest, callsTo, chosen } from "../replay/as-request.ts";
import { readHar, type RecordedCall } from "../replay/har.ts";
import { answersIn } from "../replay/known.ts";
import { namesIn } from "../replay/names.ts";
import { createRedactor } from "../replay/redact.ts";
import { type Line, lineOf, linesText } from "../replay/words.ts";

export interface ReplayFlags {
  readonly on: string | undefined;
  readonly authority: string | undefined;
  readonly connector: string;
  readonly connectors: string | undefined;
  readonly origin: string | undefined;
  readonly propose: boolean;
  readonly only: string | undefined;
}

/** More entries than one token carries are refused where they are asked for. */
const MAX_ENTRIES = 16;

/** Judges recorded traffic by an authority, or proposes the narrowest one for it. Returns the exit code. */
export async function replay(har: string, flags: ReplayFlags, output: Output): Promise<number> {
  if (flags.authority === undefined && !flags.propose)
    throw new CommandError("usage", "there is no authority to judge by", {
      fix: "give --authority FILE, or --propose",
    });
  const place = placeFor(flags);
  const recorded = readHar(har);
  const all = callsTo(recorded, flags.origin);
  const calls = chosen(all, flags.only);
  const redact = createRedactor(recorded);
  const judging = { place, calls, all, redact };
  const judged =
    flags.authority === undefined ? undefined : await judgeAll(judging, readAuthorityFile(flags.authority, place));
  const proposed = flags.propose ? await proposeFor(judging) : undefined;
  const refused = judged === undefined ? [] : judged.refused;
  const ok = refused.length === 0;
  output.answer(
    {
      ...{ ok: ok || flags.propose, ...(ok || flags.propose ? {} : { error: "refused" }), calls: calls.length },
      ...(judged === undefined ? {} : { refused: judged.refused, undescribed: judged.undescribed.length }),
      ...(proposed === undefined ? {} : { proposal: proposed.value }),
    },
    [...(judged?.text ?? []), ...(proposed?.text ?? [])],
  );
  return ok || flags.propose ? EXIT.ok : EXIT.refused;
}

function placeFor({ on, connector: name, connectors }: ReplayFlags): Place {
  const connector = loadConnector(connectorFile(name, connectors === undefined ? [] : [connectors]));
  const resource = on ?? connector.name;
  const place = { name: resource, location: placeOf(resource) };
  return { connector, resource: place, primitives: PRIMITIVES, record: undefined };
}

interface Judging {
  readonly place: Place;
  readonly calls: readonly RecordedCall[];
  /** Also those that were not chosen: what they were answered is known. */
  readonly all: readonly RecordedCall[];
  readonly redact: (text: string) => string;
}

async function judgeAll(
  { place, calls, all, redact }: Judging,
  authority: Authority,
): Promise<{
  readonly refused: readonly Line[];
  readonly undescribed: readonly Line[];
  readonly text: readonly string[];
}> {
  const known = answersIn(all);
  const refused: Line[] = [];
  for (const call of calls) {
    const judged = await judgeRequest({ ...place, authority }, asRequest(call), known(call.number));
    const line = lineOf(call, judged, authority, redact);
    if (line !== undefined) refused.push(line);
  }
  const undescribed = refused.filter(({ undescribed: isOne }) => isOne);
  const described = refused.filter(({ undescribed: isOne }) => !isOne);
  return {
    ...{ refused, undescribed },
    text: [
      `would have refused ${refused.length} of ${calls.length}`,
      ...linesText(described),
      ...(undescribed.length === 0 ? [] : [`of these, ${undescribed.length} are no operation of the connector:`]),
      ...linesText(undescribed),
    ],
  };
}

async function proposeFor(judging: Judging): Promise<{ readonly value: object; readonly text: readonly string[] }> {
  const { place, calls, all, redact } = judging;
  const known = answersIn(all);
  const { authority, beyond } = await propose(place, calls.map(asRequest), {
    answers: (index) => known(calls[index]?.number ?? 0),
    names: namesIn(place, all),
  });
  const details = redactedJson(printAsked(authority), redact);
  const lines = beyond.flatMap(({ call, judged }) => {
    const recorded = calls[call];
    return recorded === undefined ? [] : (lineOf(recorded, judged, authority, redact) ?? []);
  });
  const allowed = await countAllowed(judging, authority);
  const many = authority.length > MAX_ENTRIES;
  return {
    value: { authorization_details: details, allows: allowed, of: calls.length, beyond: lines, too_many: many },
    text: [
      `the narrowest authority that allows ${allowed} of ${calls.length}, as authorization_details:`,
      ...JSON.stringify(details, null, 2).split("\n"),
      ...(many ? [`these are more than the ${MAX_ENTRIES} entries of one token; choose calls with --only`] : []),
      ...(lines.length === 0 ? [] : ["nothing that can be granted allows:"]),
      ...linesText(lines),
    ],
  };
}

/** Values of a recording may hold anything. */
function redactedJson(value: Json, redact: (text: string) => string): Json {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => redactedJson(item, redact));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, redactedJson(inner, redact)]));
}

/** The proposal is judged like any other authority before it is shown. */
async function countAllowed({ place, calls, all }: Judging, authority: Authority): Promise<number> {
  const known = answersIn(all);
  let allowed = 0;
  for (const call of calls) {
    const judged: Judged = await judgeRequest({ ...place, authority }, asRequest(call), known(call.number));
    if (judged.decision === "allowed") allowed++;
  }
  return allowed;
}
