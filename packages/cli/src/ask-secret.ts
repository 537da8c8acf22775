import { isCancel, password } from "@clack/prompts";
import { readFileSync } from "node:fs";
import { CommandError } from "./exit.ts";

/** Reads a secret from a prompt that shows nothing, or all of standard input when that is a pipe. Never from arguments. */
export async function askSecret(question: string, stdin: NodeJS.ReadStream): Promise<string> {
  const text = stdin.isTTY ? await prompted(question) : await piped(stdin);
  if (text === "") throw empty();
  return text;
}

/** Reads several secrets, one prompt after the other, or one line each when standard input is a pipe. */
export async function askSecrets(questions: readonly string[], stdin: NodeJS.ReadStream): Promise<readonly string[]> {
  const texts: string[] = [];
  if (!stdin.isTTY) texts.push(...(await piped(stdin)).split(/\r?\n/));
  else for (const question of questions) texts.push(await prompted(question));
  if (texts.length !== questions.length)
    throw new CommandError("usage", `${texts.length} lines were piped in, not ${questions.length}`, {
      fix: `one line each: ${questions.join(", ")}`,
    });
  if (texts.includes("")) throw empty();
  return texts;
}

/** Reads a secret from a file that somebody keeps it in. */
export function readSecretFile(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new CommandError("usage", `the file \`${file}\` cannot be read`, {
      fix: "name a file that you may read",
      cause,
    });
  }
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "") throw empty();
  return secret;
}

const empty = (): CommandError =>
  new CommandError("usage", "the secret is empty", {
    fix: "type it at the prompt, or pipe it in: `remit connect … < file`",
  });

async function prompted(question: string): Promise<string> {
  const answer = await password({ message: question });
  if (isCancel(answer)) throw new CommandError("usage", "cancelled; nothing was changed");
  return answer.trim();
}

async function piped(stdin: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks)
    .toString("utf8")
    .replace(/\r?\n$/, "");
}
