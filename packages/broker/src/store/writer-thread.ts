import { Worker } from "node:worker_threads";
import { compiledFolder } from "../compiled.ts";

/** Starts the thread that writes. It loads what it needs while others go on, and opens nothing before it is told what. */
export function startWriterThread(): Worker {
  const file = new URL(import.meta.url.endsWith(".ts") ? "writer.ts" : "writer.js", import.meta.url);
  // a thread keeps compiled code only where its environment says so
  return new Worker(file, { env: { ...process.env, NODE_COMPILE_CACHE: compiledFolder(process.env) } });
}
