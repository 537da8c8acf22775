import type { ArchiveNode } from "../connector/body.ts";
import type { OpenedArchive } from "../call/named.ts";
import { toBase64, toHex } from "../bytes.ts";
import { readArchive } from "./document.ts";
import type { Inflate } from "./gzip.ts";

/** What opening an archive needs of the platform: functions of bytes alone. */
export interface ArchivePrimitives {
  readonly inflate: Inflate;
  readonly digest: (algorithm: "sha512" | "sha1", bytes: Uint8Array) => Uint8Array;
}

/** Makes the function that opens archives of one reading. */
export const archiveOpener =
  ({ inflate, digest }: ArchivePrimitives) =>
  (base64: string, { document, max }: Pick<ArchiveNode, "document" | "max">): OpenedArchive | undefined => {
    const read = readArchive(base64, { document, maxUnpacked: max }, inflate);
    if (!read.ok) return undefined;
    const { bytes } = read.value;
    const facts = {
      sha512: toBase64(digest("sha512", bytes)),
      sha1: toHex(digest("sha1", bytes)),
      size: String(bytes.length),
    };
    return { document: read.value.document, facts };
  };
