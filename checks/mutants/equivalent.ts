import { parse } from "yaml";
import { read } from "../lib/files.ts";

/** Checks that change nothing when they are away, or that something else than rows and tests of core sees, with the reason. */
interface Equivalent {
  readonly why: string;
  /** Titles of the checks. */
  readonly checks: readonly string[];
}

// our own file, whose titles a test compares with the source
export const equivalent = parse(read("checks/mutants/equivalent.yaml")) as readonly Equivalent[];
