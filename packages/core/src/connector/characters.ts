import type { Part } from "./spelling.ts";

const ATOM = /\[[^\]\\]+\]|\\[.\-/]|[A-Za-z0-9_:@ -]/gy;

/** Whether some text of this part may hold a character. */
export function matchesCharacter({ patterns, segments }: Part, character: string): boolean {
  if (segments > 1 && character === "/") return true;
  return patterns.some((pattern) => atomsOf(pattern).some((atom) => new RegExp(`^${atom}$`, "u").test(character)));
}

/** The classes and characters of which a pattern is made, without their counts. */
const atomsOf = (pattern: string): readonly string[] =>
  pattern.replaceAll(/\{\d{1,3}(?:,\d{1,3})?\}/g, "").match(ATOM) ?? [];
