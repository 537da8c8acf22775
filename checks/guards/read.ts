import { parse } from "yaml";
import { read, repositoryFiles } from "../lib/files.ts";

/** A guard: what it protects, the edit that takes it away, and the test that must then fail. */
export interface Guard {
  readonly guard: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  readonly test: string;
  readonly name: string;
}

const lists = repositoryFiles().filter((file) => /^checks\/guards(?:\/.*)?\.yaml$/.test(file));

/** All guards of the repository. */
export const guards: readonly Guard[] = lists.flatMap((file) => (parse(read(file)) as readonly Guard[] | null) ?? []);
