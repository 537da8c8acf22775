import { join } from "node:path";
import { startProgram } from "@remit/testkit";

/** The example library, as a program of its own with its data in a folder of the test. */
export async function startLibrary(
  folder: string,
): Promise<{ readonly origin: string; readonly key: string } & AsyncDisposable> {
  const main = join(import.meta.dirname, "../../examples/library/src/main.ts");
  const program = await startProgram(main, ["--data", join(folder, "library")], { log: join(folder, "library.log") });
  return {
    origin: program.text("library"),
    key: program.text("key"),
    [Symbol.asyncDispose]: async () => program.stop(),
  };
}
