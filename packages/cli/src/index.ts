export { EXIT, CommandError, type ExitName } from "./exit.ts";
export { runCommandLine } from "./command-line.ts";
// for whoever starts broker and gateway in another way than `remit up`, and still wants the other commands
export { findPlaces, type Places, removeRunning, type Running, writeRunning } from "./places.ts";
export { type StoredSession, storeSession } from "./login/session-file.ts";
