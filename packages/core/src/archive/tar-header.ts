import { err, ok, type Result } from "../result.ts";

/** One entry's header, of which there is one reading. */
export interface TarHeader {
  readonly kind: "file" | "directory";
  /** Path below the archive's root, its segments clean. */
  readonly path: string;
  readonly size: number;
}

/** Why a header is refused. */
export type HeaderFault = "header" | "header_checksum" | "entry_kind" | "entry_path";

export const BLOCK = 512;

/**
 * Reads a POSIX ustar header (IEEE 1003.1 pax, "ustar interchange format"). Extended headers, GNU long names, links and
 * sparse files are refused: each renames an entry or its bytes for some readers and not for others.
 */
export function readTarHeader(block: Uint8Array): Result<TarHeader, HeaderFault> {
  // bytes beyond ASCII are summed up with and without sign, and are a number in another base for some readers
  if (block.some((byte) => byte > 0x7e)) return err("header");
  const text = String.fromCharCode(...block);
  if (text.slice(MAGIC.at, MAGIC.at + MAGIC.text.length) !== MAGIC.text || !isBlank(text.slice(500)))
    return err("header");
  if (octal(text.slice(148, 156)) !== sumOf(block)) return err("header_checksum");
  const kind = KINDS[text.charAt(156)];
  if (kind === undefined || !isBlank(text.slice(157, 257))) return err("entry_kind");
  const size = octal(text.slice(124, 136));
  if (size === undefined || (kind === "directory" && size !== 0)) return err("header");
  const path = pathOf(text, kind);
  return path === undefined ? err("entry_path") : ok({ kind, path, size });
}

const MAGIC = { at: 257, text: "ustar\x0000" };
const KINDS: Readonly<Record<string, TarHeader["kind"]>> = { "0": "file", "5": "directory" };

const isBlank = (text: string): boolean => /^\0*$/.test(text);

/** Octal digits, then nothing but spaces and zero bytes. */
function octal(field: string): number | undefined {
  return /^[0-7]+[ \0]+$/.test(field) ? Number.parseInt(field, 8) : undefined;
}

/** The sum of all bytes, those of the sum itself taken as spaces. */
function sumOf(block: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < BLOCK; at++) sum += at >= 148 && at < 156 ? 0x20 : (block[at] ?? 0);
  return sum;
}

/** A prefix between these lengths is read whole by some readers and cut by those that expect times behind it. */
const PREFIX = { short: 130, full: 155 };

function pathOf(text: string, kind: TarHeader["kind"]): string | undefined {
  const [name, prefix] = [terminated(text.slice(0, 100)), terminated(text.slice(345, 345 + PREFIX.full))];
  if (name === undefined || prefix === undefined) return undefined;
  if (prefix.length > PREFIX.short && prefix.length < PREFIX.full) return undefined;
  const whole = prefix === "" ? name : `${prefix}/${name}`;
  const path = kind === "directory" ? whole.replace(/\/$/, "") : whole;
  return path.split("/").every(isCleanSegment) ? path : undefined;
}

/** A text that ends with its field or at its first zero byte, after which there are only such. */
function terminated(field: string): string | undefined {
  const end = field.indexOf("\0");
  if (end === -1) return field;
  return isBlank(field.slice(end)) ? field.slice(0, end) : undefined;
}

/** Neither a step nor a name that some file system takes for another one: separators, streams, short names, ends. */
const isCleanSegment = (segment: string): boolean =>
  /^[A-Za-z0-9 !#$%&'()+,\-.;=@[\]^_`{}~]+$/.test(segment) && !/^ |[. ]$|~[0-9]/.test(segment);
