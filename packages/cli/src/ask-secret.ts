import { isCancel, password } from "@clack/prompts";
import { CommandError } from "./exit.ts";

/** Reads a secret from a prompt that shows nothing, or from standard input when that is a pipe. Never from arguments. */
export async function askSecret(question: string, stdin: NodeJS.ReadStream): Promise<string> {
  const text = stdin.isTTY ? await prompted(question) : await piped(stdin);
  if (text === "")
    throw new CommandError("usage", "the secret is empty", {
      fix: "type it at the prompt, or pipe it in: `remit connect … < file`",
    });
  return text;
}

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
