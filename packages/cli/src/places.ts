import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { CommandError } from "./exit.ts";

/** Where this user's files are. Nothing is created by asking. */
export interface Places {
  /** Sessions and seal keys of this user. */
  readonly user: string;
  /** The data folder of the broker and gateway that the command is about. */
  readonly data: string;
}

/** Reads the places from flags and environment once (`REMIT_HOME`, `REMIT_DATA`, XDG base directories). */
export function findPlaces(env: Readonly<Record<string, string | undefined>>, data: string | undefined): Places {
  const user = env["REMIT_HOME"] ?? join(env["XDG_CONFIG_HOME"] ?? join(homedir(), ".config"), "remit");
  const share = env["REMIT_DATA"] ?? join(env["XDG_DATA_HOME"] ?? join(homedir(), ".local", "share"), "remit");
  return { user: resolve(user), data: resolve(data ?? share) };
}

/** What `remit up` leaves for the other commands while it runs. Holds no secret. */
export interface Running {
  readonly broker: string;
  readonly issuer: string;
  readonly gateway: string;
  readonly points: string;
  readonly pin: string;
  readonly pid: number;
  readonly brokerAdmin: string;
  readonly gatewayAdmin: string;
}

const runFile = (data: string): string => join(data, "run.json");

/** Writes a file that only this user can read, whole or not at all. */
export function writePrivate(file: string, text: string | Uint8Array): void {
  mkdirSync(join(file, ".."), { recursive: true, mode: 0o700 });
  const next = `${file}.${process.pid}.next`;
  writeFileSync(next, text, { mode: 0o600 });
  renameSync(next, file);
}

export function writeRunning(data: string, running: Running): void {
  writePrivate(runFile(data), `${JSON.stringify(running)}\n`);
}

export function removeRunning(data: string): void {
  rmSync(runFile(data), { force: true });
}

/** Reads a file of our own making; undefined if it is not there. */
export function readOwn(file: string): Readonly<Record<string, unknown>> | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new CommandError("error", `\`${file}\` does not hold an object`, {
      fix: "remove the file and log in or start again",
    });
  }
  return { ...value };
}

const RUNNING_MEMBERS = ["broker", "issuer", "gateway", "points", "pin", "brokerAdmin", "gatewayAdmin"] as const;

/** Finds the running broker and gateway of a data folder, or says how to start them. */
export function findRunning(data: string): Running {
  const fix = `start it with \`remit up --data ${data} --config DIR\`, or name another folder with --data or REMIT_DATA`;
  const held = readOwn(runFile(data));
  if (held === undefined) throw new CommandError("error", `nothing is running on the data folder \`${data}\``, { fix });
  const pid = held["pid"];
  const members = Object.fromEntries(RUNNING_MEMBERS.map((name) => [name, held[name]]));
  if (typeof pid !== "number" || Object.values(members).some((value) => typeof value !== "string")) {
    throw new CommandError("error", `\`${runFile(data)}\` is not what \`remit up\` writes`, {
      fix,
    });
  }
  if (!isAlive(pid)) throw new CommandError("error", `remit stopped without cleaning up in \`${data}\``, { fix });
  // every member was checked to be a string just above
  return { ...(members as Record<(typeof RUNNING_MEMBERS)[number], string>), pid };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
