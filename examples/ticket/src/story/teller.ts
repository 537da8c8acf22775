import { styleText } from "node:util";

/** One step of the story, as it came out. */
export interface Step {
  readonly step: string;
  /** What was asked, in words. */
  readonly asked: string;
  /** The code that was answered: `ok` or the reason of the refusal. */
  readonly code: string;
  /** Requests that reached the desk meanwhile. */
  readonly upstream: number;
  readonly expected: string;
  readonly more?: readonly string[];
}

/** Tells the story, for people or for programs, and knows whether it went as told. */
export interface Teller {
  tell(step: Step): void;
  chapter(title: string): void;
  say(line: string): void;
  /** Steps that came out otherwise. */
  readonly wrong: readonly Step[];
  readonly count: () => number;
}

export function createTeller(json: boolean): Teller {
  const wrong: Step[] = [];
  let count = 0;
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  return {
    wrong,
    count: () => count,
    chapter: (title) => (json ? undefined : print(`\n${styleText("bold", title)}`)),
    say: (line) => (json ? undefined : print(styleText("dim", line))),
    tell(step) {
      count += 1;
      const refused = step.code !== "ok";
      const asTold = step.code === step.expected && (!refused || step.upstream === 0);
      if (!asTold) wrong.push(step);
      if (json) return print(JSON.stringify({ step: step.step, code: step.code, upstream: step.upstream }));
      const mark = asTold
        ? refused
          ? styleText("yellow", "refused")
          : styleText("green", "allowed")
        : styleText("red", "NOT AS TOLD");
      print(
        `  ${mark}  ${step.asked}${refused ? `  → ${step.code}, ${step.upstream} ${step.upstream === 1 ? "request" : "requests"} reached the desk` : ""}`,
      );
      if (!asTold) print(`           expected ${step.expected}`);
      for (const line of step.more ?? []) print(`           ${line}`);
    },
  };
}
