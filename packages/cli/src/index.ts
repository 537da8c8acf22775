export { EXIT, CommandError, type ExitName } from "./exit.ts";
export { runCommandLine } from "./command-line.ts";
