import { createOutput, type Output } from "./output.ts";
import { findPlaces, type Places } from "./places.ts";

/** What every command gets: where things are and how to speak. */
export interface Context {
  readonly places: Places;
  readonly output: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Builds the context from the parsed global flags. */
export function contextOf(
  flags: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
): Context {
  const data = flags["data"];
  return {
    places: findPlaces(env, typeof data === "string" ? data : undefined),
    output: createOutput(flags["json"] === true, process.stdout, process.stderr),
    env,
  };
}
