import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { CommandError } from "../exit.ts";

/** An object of the description; nothing about its members is known. */
export type Loose = Readonly<Record<string, unknown>>;

/** A description that was read: the whole, and how references in it are followed. */
export interface Description {
  readonly root: Loose;
  /** The object that a value is or refers to inside this description; undefined if it is neither. */
  readonly follow: (value: unknown) => Loose | undefined;
  /** What was found of the members of schemas so far. */
  readonly members: WeakMap<Loose, Members | undefined>;
}

/** An object schema's members, by name. */
export interface Members {
  readonly members: ReadonlyMap<string, unknown>;
  readonly required: ReadonlySet<string>;
}

const MOST_JSON = 64 * 1_048_576;
const MOST_YAML = 16 * 1_048_576;
const MOST_STEPS = 16;

/** Reads an OpenAPI 3.0 or 3.1 description. References to other files or addresses are not followed. */
export async function readDescription(file: string, begun: (bytes: number) => void): Promise<Description> {
  const { size } = statOf(file);
  begun(size);
  const root = loose(await parsed(file, size));
  const version = root?.["openapi"];
  if (root === undefined || typeof version !== "string" || !/^3\.[01](?:\.|$)/.test(version))
    throw new CommandError("error", `\`${basename(file)}\` is not an OpenAPI 3.0 or 3.1 description`, {
      fix: "a description of Swagger 2.0 has to be converted first",
    });
  return { root, follow: (value) => follow(root, value), members: new WeakMap() };
}

async function parsed(file: string, size: number): Promise<unknown> {
  const text = size > MOST_JSON ? "" : readFileSync(file, "utf8").replace(/^\ufeff/, "");
  const json = /^\s*\{/.test(text);
  if (text === "" || (!json && size > MOST_YAML))
    throw new CommandError("error", `\`${basename(file)}\` is larger than is read: 64 MiB of JSON, 16 MiB of YAML`, {
      fix: "use the file in which references are not resolved yet, or its JSON",
    });
  try {
    if (json) return JSON.parse(text);
    const { parse } = await import("yaml");
    return parse(text, { maxAliasCount: 100 });
  } catch (error) {
    throw new CommandError("error", `\`${basename(file)}\` is neither JSON nor YAML`, {
      cause: error,
      fix: "check the file with a validator of OpenAPI descriptions",
    });
  }
}

function statOf(file: string): { readonly size: number } {
  try {
    return statSync(file);
  } catch (error) {
    throw new CommandError("error", `\`${file}\` cannot be read`, {
      cause: error,
      fix: "name a file that holds the description",
    });
  }
}

function follow(root: Loose, value: unknown): Loose | undefined {
  let at = loose(value);
  for (let step = 0; at !== undefined && "$ref" in at; step += 1) {
    const reference = at["$ref"];
    if (step === MOST_STEPS || typeof reference !== "string" || !reference.startsWith("#/")) return undefined;
    at = loose(reference.slice(2).split("/").map(unescaped).reduce(memberOf, root));
  }
  return at;
}

const memberOf = (value: unknown, name: string): unknown => {
  const object = loose(value);
  return object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined;
};

/** RFC 6901 inside a URI fragment. */
function unescaped(token: string): string {
  const plain = token.replaceAll("~1", "/").replaceAll("~0", "~");
  try {
    return decodeURIComponent(plain);
  } catch {
    // a stray percent sign is taken as it stands
    return plain;
  }
}

/** The value if it is an object. */
export const loose = (value: unknown): Loose | undefined =>
  // an object that is no list has names as keys, whatever their values
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Loose) : undefined;

/** The value if it is a list, else an empty one. */
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
