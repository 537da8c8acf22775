import { fromBase64 } from "../bytes.ts";
import { isJsonObject, JSON_LIMITS, type JsonObject, readJson } from "../json/read.ts";
import { err, ok, type Result } from "../result.ts";
import { type GzipFault, type Inflate, readGzip } from "./gzip.ts";
import { readTar, type TarEntry, type TarFault } from "./tar.ts";

/** Why an archive is refused; each is one thing that a second reader could see otherwise. */
export type ArchiveFault =
  "base64" | GzipFault | TarFault | "entry_outside" | "document_missing" | "document_hidden" | "document_not_json";

/** An archive that was read, and the JSON document in it that says what it is. */
export interface ReadArchive {
  readonly bytes: Uint8Array;
  readonly document: JsonObject;
}

export interface ArchiveSpec {
  /** Path of the document, as in `package/package.json`. All entries lie in its top folder. */
  readonly document: string;
  /** Largest size when unpacked. */
  readonly maxUnpacked: number;
}

const MAX_ENTRIES = 20_000;

/** Reads the base64 text of a gzipped tar archive, and the one document in it that says what it is. */
export function readArchive(text: string, spec: ArchiveSpec, inflate: Inflate): Result<ReadArchive, ArchiveFault> {
  const bytes = fromBase64(text);
  if (bytes === undefined) return err("base64");
  const unpacked = readGzip(bytes, spec.maxUnpacked, inflate);
  if (!unpacked.ok) return unpacked;
  const entries = readTar(unpacked.value, MAX_ENTRIES);
  if (!entries.ok) return entries;
  const found = documentOf(entries.value, spec.document);
  return found.ok ? ok({ bytes, document: found.value }) : found;
}

function documentOf(
  entries: readonly TarEntry[],
  path: string,
): Result<JsonObject, "entry_outside" | "document_missing" | "document_hidden" | "document_not_json"> {
  const top = path.slice(0, path.indexOf("/") + 1);
  // installers drop the first segment whatever it is called, so that a second folder would hold a second document
  const isInside = ({ kind, path: at }: TarEntry): boolean =>
    at.startsWith(top) || (kind === "directory" && `${at}/` === top);
  if (!entries.every(isInside)) return err("entry_outside");
  const [entry] = entries.filter((one) => one.path === path);
  if (entry?.kind !== "file") return err("document_missing");
  if (entries.some((one) => one !== entry && shadows(one.path, path))) return err("document_hidden");
  const json = readJson(entry.bytes, JSON_LIMITS);
  return json.ok && isJsonObject(json.value) ? ok(json.value) : err("document_not_json");
}

/** Whether an entry is the document on a file system that does not tell cases apart, or would make a folder of it. */
const shadows = (entry: string, document: string): boolean => {
  const [one, other] = [entry.toLowerCase(), document.toLowerCase()];
  return one === other || one.startsWith(`${other}/`);
};
