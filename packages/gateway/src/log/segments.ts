import {
  closeSync,
  existsSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

/** Lines in files by month, appended durably or not at all, and read again without being held in memory. */
export interface Segments {
  readonly size: () => number;
  /** Settles when all lines are on the disk; rejects if none of them is. `at` in milliseconds says in which month. */
  append(lines: readonly string[], at: number): Promise<void>;
  /** Up to `limit` lines, from the one at `from` on. */
  read(from: number, limit: number): readonly string[];
  close(): void;
}

/** Neighbouring lines of one file; where they are is all that is remembered of them. */
interface Block {
  readonly path: string;
  readonly first: number;
  readonly start: number;
  count: number;
  end: number;
}

const BLOCK_LINES = 256;
const CHUNK_BYTES = 1 << 20;
const syncData = promisify(fdatasync);

/** Opens the files of a folder, showing each whole line once; a line cut off by a crash was promised to nobody and goes. */
export function openSegments(folder: string, at: number, seen: (line: string, path: string) => void): Segments {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const blocks: Block[] = [];
  for (const name of readdirSync(folder)
    .filter((file) => file.endsWith(".ndjson"))
    .sort())
    recover(join(folder, name), blocks, seen);
  let file = openFile(folder, at);
  let length = fstatSync(file.fd).size;
  let broken = false;

  return {
    size: () => sizeOf(blocks),
    async append(lines, now) {
      if (broken) throw new Error("an earlier write to the log failed half-way; restart when the disk is well");
      if (monthFile(now) > file.name) {
        // the old file stays open until there is a new one: its number could be somebody else's by the next try
        const next = openFile(folder, now);
        closeSync(file.fd);
        file = next;
        length = fstatSync(file.fd).size;
      }
      const bytes = Buffer.from(`${lines.join("\n")}\n`);
      try {
        writeWhole(file.fd, bytes);
        await syncData(file.fd);
      } catch (error) {
        // until what was half written is gone again, nothing may be written behind it
        broken = true;
        ftruncateSync(file.fd, length);
        broken = false;
        throw error;
      }
      for (const line of lines) length = place(blocks, file.path, length, Buffer.byteLength(line) + 1);
    },
    read: (from, limit) => readLines(blocks, from, limit),
    close: () => closeSync(file.fd),
  };
}

const monthFile = (at: number): string => `${new Date(at).toISOString().slice(0, 7)}.ndjson`;

function openFile(folder: string, at: number): { readonly name: string; readonly path: string; readonly fd: number } {
  const name = monthFile(at);
  const path = join(folder, name);
  const isNew = !existsSync(path);
  const fd = openSync(path, "a", 0o600);
  if (isNew && process.platform !== "win32") {
    // the file's name must outlive a crash as its lines do
    const directory = openSync(folder, "r");
    fsyncSync(directory);
    closeSync(directory);
  }
  return { name, path, fd };
}

/** A full disk takes part of a write without an error; the error comes with the next one. */
function writeWhole(fd: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length;) {
    // into the system's memory, which takes less time than handing it to a thread; the disk is waited for elsewhere
    const more = writeSync(fd, bytes, written, bytes.length - written, null);
    if (more === 0) throw new Error("the disk takes nothing more");
    written += more;
  }
}

const sizeOf = (blocks: readonly Block[]): number => {
  const last = blocks.at(-1);
  return last === undefined ? 0 : last.first + last.count;
};

/** Notes where the next line is; answers where the one after it begins. */
function place(blocks: Block[], path: string, start: number, bytes: number): number {
  const last = blocks.at(-1);
  const end = start + bytes;
  if (last !== undefined && last.path === path && last.count < BLOCK_LINES) {
    last.count += 1;
    last.end = end;
  } else {
    blocks.push({ path, first: sizeOf(blocks), start, count: 1, end });
  }
  return end;
}

function recover(path: string, blocks: Block[], seen: (line: string, path: string) => void): void {
  const fd = openSync(path, "r+");
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    let rest = Buffer.alloc(0);
    let end = 0;
    for (let at = 0; ;) {
      const read = readSync(fd, chunk, 0, chunk.length, at);
      if (read === 0) break;
      at += read;
      const bytes = Buffer.concat([rest, chunk.subarray(0, read)]);
      const whole = bytes.lastIndexOf(0x0a) + 1;
      rest = Buffer.from(bytes.subarray(whole));
      for (const line of bytes.subarray(0, whole).toString("utf8").split("\n").slice(0, -1)) {
        seen(line, path);
        end = place(blocks, path, end, Buffer.byteLength(line) + 1);
      }
    }
    if (rest.length > 0) ftruncateSync(fd, end);
  } finally {
    closeSync(fd);
  }
}

function readLines(blocks: readonly Block[], from: number, limit: number): readonly string[] {
  const lines: string[] = [];
  let index = blocks.findLastIndex((block) => block.first <= from);
  for (; index >= 0 && index < blocks.length && lines.length < limit; index++) {
    const block = blocks[index];
    if (block === undefined) break;
    const skipped = Math.max(0, from - block.first);
    lines.push(...readBlock(block).slice(skipped, skipped + limit - lines.length));
  }
  return lines;
}

function readBlock({ path, start, end }: Block): readonly string[] {
  const fd = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(end - start);
    readSync(fd, bytes, 0, bytes.length, start);
    return bytes.toString("utf8").split("\n").slice(0, -1);
  } finally {
    closeSync(fd);
  }
}
