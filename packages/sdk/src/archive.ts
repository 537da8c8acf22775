import { createHash } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import { archiveOpener, type CallPrimitives } from "@remit/core";

/** What reading a call needs of the platform: nothing here depends on anything but the bytes. */
export const callPrimitives: CallPrimitives = {
  openArchive: archiveOpener({
    inflate: (deflated, maxBytes) => {
      try {
        // the library's types leave out what `info` gives
        const { buffer, engine } = inflateRawSync(deflated, { maxOutputLength: maxBytes, info: true }) as unknown as {
          readonly buffer: Uint8Array;
          readonly engine: { readonly bytesWritten: number };
        };
        return { bytes: buffer, consumed: engine.bytesWritten };
      } catch {
        // malformed, cut off or too large: expected answers here, not faults
        return undefined;
      }
    },
    digest: (algorithm, bytes) => createHash(algorithm).update(bytes).digest(),
  }),
};
