import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Where compiled code is kept: in this user's own folder. Node's default is a folder of the whole machine; whoever makes
 * it first could put code there that we would run.
 */
export const compiledFolder = (env: Env): string =>
  env["NODE_COMPILE_CACHE"] ?? join(env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "remit", "compiled");

/** Keeps compiled code from one start to the next. A folder that cannot be written costs time, nothing else. */
export function keepCompiled(env: Env): void {
  enableCompileCache(compiledFolder(env));
}
