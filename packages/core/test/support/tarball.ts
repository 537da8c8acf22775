import { gzipSync, inflateRawSync } from "node:zlib";
import { Parser } from "tar";
import type { Inflate } from "../../src/archive/gzip.ts";

/** Raw fields of one header; what is not said is as npm writes it. */
export interface RawEntry {
  readonly name: string;
  readonly prefix?: string;
  readonly data?: string;
  readonly type?: string;
  readonly size?: string;
  readonly link?: string;
  readonly magic?: string;
  readonly sum?: string;
  readonly tail?: string;
  readonly pad?: string;
}

const field = (text: string, width: number): string => text.slice(0, width).padEnd(width, "\0");

/** One header and its data, its checksum right unless another one is said. */
export function entry({ name, prefix = "", data = "", type = "0", link = "", ...more }: RawEntry): Buffer {
  const size = more.size ?? `${Buffer.byteLength(data).toString(8).padStart(10, "0")} `;
  const numbers = `${field("000644 ", 8)}${field("", 16)}${field(size, 12)}${field("3560116604 ", 12)}`;
  const owner = field("", 64) + field("000000 ", 8) + field("000000 ", 8);
  const magic = field(more.magic ?? "ustar\x0000", 8);
  const rest = type + field(link, 100) + magic + owner + field(prefix, 155) + field(more.tail ?? "", 12);
  const blank = Buffer.from(field(name, 100) + numbers + " ".repeat(8) + rest, "latin1");
  const sum =
    more.sum ??
    `${blank
      .reduce((total, byte) => total + byte, 0)
      .toString(8)
      .padStart(6, "0")} `;
  blank.write(field(sum, 8), 148, "latin1");
  const bytes = Buffer.from(data);
  const padding = Buffer.from(field(more.pad ?? "", (512 - (bytes.length % 512)) % 512), "latin1");
  return Buffer.concat([blank, bytes, padding]);
}

/** The two empty blocks with which an archive ends. */
export const END = Buffer.alloc(1024);

export const archive = (...entries: readonly RawEntry[]): Buffer => Buffer.concat([...entries.map(entry), END]);

export const packed = (tar: Uint8Array): string => gzipSync(tar).toString("base64");

export const inflate: Inflate = (deflated, maxBytes) => {
  try {
    // the type of the library leaves out what `info` gives
    const { buffer, engine } = inflateRawSync(deflated, { maxOutputLength: maxBytes, info: true }) as unknown as {
      readonly buffer: Buffer;
      readonly engine: { readonly bytesWritten: number };
    };
    return { bytes: buffer, consumed: engine.bytesWritten };
  } catch {
    // malformed, cut off or too large
    return undefined;
  }
};

/** What an installer finds at `package.json`: every version of it, as `tar`, which npm installs with, reads the bytes. */
export function installed(gzipped: Uint8Array): readonly string[] {
  const found: string[] = [];
  const parser = new Parser({
    strict: false,
    onReadEntry: (one) => {
      const chunks: Buffer[] = [];
      const path = one.path.split("/").slice(1).join("/");
      one.on("data", (chunk: Buffer) => chunks.push(chunk));
      one.on("end", () => {
        if (path === "package.json") found.push(Buffer.concat(chunks).toString("utf8"));
      });
    },
  });
  parser.on("error", () => undefined);
  parser.end(Buffer.from(gzipped));
  return found;
}
