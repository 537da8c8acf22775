import {
  type AskedEntry,
  type Authority,
  type Entry,
  isJsonObject,
  type Json,
  knownTypesOf,
  namedRecord,
  parseAsked,
  parseHeld,
  supposeNamed,
} from "@remit/core";
import { readPlainFile } from "../connectors/load.ts";
import { CommandError } from "../exit.ts";
import type { Places } from "../places.ts";
import { adminJson, takeSeat } from "../session.ts";
import { findIn, type Place } from "./place.ts";

/** From where an authority comes: a file or a grant, or a policy of the configuration folder. */
export type AuthoritySource =
  { readonly grant: string; readonly policy: undefined } | { readonly grant: undefined; readonly policy: string };

/** Reads the entries for one resource, each complete, and about the record that was named where a policy says `any`. */
export async function readAuthority(
  source: AuthoritySource,
  place: Place,
  config: string,
  places: Places,
): Promise<Authority> {
  return entriesFor(await listOf(source, config, places), place);
}

/** Reads the entries of a file. */
export const readAuthorityFile = (file: string, place: Place): Authority => entriesFor(fileEntries(file), place);

function entriesFor(list: readonly Json[], place: Place): Authority {
  const own = list.filter((entry) => isJsonObject(entry) && isOf(place, entry["type"]));
  if (own.length === 0)
    throw new CommandError("error", `no entry is for the resource \`${place.resource.name}\``, {
      fix: "name the resource of the entries with --on; their types begin with it",
    });
  return own.map((entry) => complete(entry, list.indexOf(entry), place));
}

const isOf = ({ resource }: Place, type: Json | undefined): boolean =>
  typeof type === "string" && type.startsWith(`${resource.name}.`);

async function listOf({ grant, policy }: AuthoritySource, config: string, places: Places): Promise<readonly Json[]> {
  if (policy !== undefined) return policyEntries(config, policy);
  if (/^(?:grn|tsk)_[0-9A-Z]{26}$/.test(grant)) return grantEntries(grant, places);
  return fileEntries(grant);
}

function fileEntries(file: string): readonly Json[] {
  const json = readPlainFile(file);
  const list = isJsonObject(json) ? json["authorization_details"] : json;
  if (Array.isArray(list)) return list;
  throw new CommandError("error", `\`${file}\` holds no list of entries`, {
    fix: "write a list, or an object with `authorization_details`",
  });
}

function policyEntries(config: string, name: string): readonly Json[] {
  const may = findIn(config, "policies", (json) => json["policy"] === name)?.["may"];
  if (Array.isArray(may)) return may;
  throw new CommandError("error", `no file of \`${config}\` is the policy \`${name}\``, {
    fix: "name a policy of the folder, and the folder with --config",
  });
}

async function grantEntries(id: string, places: Places): Promise<readonly Json[]> {
  const { tasks } = await adminJson(takeSeat(places), "/admin/tasks");
  const rows: readonly unknown[] = Array.isArray(tasks) ? tasks : [];
  for (const row of rows) {
    const { task, grant, authorization_details: details } = { ...(row as Readonly<Record<string, Json>>) };
    if ((task === id || grant === id) && Array.isArray(details)) return details;
  }
  throw new CommandError("refused", `\`${id}\` is no grant that you may see`, {
    fix: "`remit task list` prints those that you may see",
  });
}

function complete(json: Json, index: number, place: Place): Entry {
  const here = locationOf(json) ?? place.resource.location;
  const known = knownTypesOf(place.connector, place.resource.name, here);
  const any = isJsonObject(json) && isJsonObject(json["identifier"]);
  const read = any ? parseHeld([json], known) : parseAsked([json], known);
  const path = `entry ${index + 1}`;
  if (!read.ok)
    throw new CommandError("error", read.error.detail.replaceAll("authorization_details[0]", path), {
      fix: "mend the entry; nothing was judged",
    });
  const [first] = read.value;
  const entry = first === undefined ? undefined : supposeNamed(first);
  if (entry === undefined || first === undefined)
    throw new CommandError("error", `\`${path}.actions\`: is missing`, { fix: "say which actions the entry gives" });
  return { ...entry, location: place.resource.location, record: recordOf(first, entry, place) };
}

const locationOf = (json: Json): string | undefined => {
  const locations = isJsonObject(json) ? json["locations"] : undefined;
  const [first] = Array.isArray(locations) ? (locations as readonly Json[]) : [];
  return typeof first === "string" ? first : undefined;
};

/** A policy that says `any` gives what is asked for; asked for is the record of `--on`. */
function recordOf(asked: AskedEntry, entry: Entry, { connector, record }: Place): Entry["record"] {
  if (asked.record.by !== "any") return entry.record;
  const name = asked.type.split(".").at(-1) ?? "";
  const type = connector.types[name];
  if (record === undefined)
    throw new CommandError("usage", "a policy for any one record is judged for one that is named", {
      fix: "name it as in --on jira-acme:PROJ-42",
    });
  // an entry of another type is about none
  if (record.type !== undefined && record.type !== name) return { by: "identifier", identifier: "" };
  return { by: "identifier", ...namedRecord(type, record.name) };
}
