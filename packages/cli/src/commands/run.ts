import { createAgent, makeDpopKey } from "@remit/sdk";
import { CommandError } from "../exit.ts";
import type { Output } from "../output.ts";
import type { Places } from "../places.ts";
import { runChild } from "../run/child.ts";
import { type CallNote, openEndpoint } from "../run/endpoint.ts";
import { writeProgramFiles } from "../run/program-files.ts";
import { adminJson, refusable, type Seat, takeSeat } from "../session.ts";

export interface RunOptions {
  readonly policy: string | undefined;
  /** `jira-acme:PROJ-42`, or `jira-acme.issue:PROJ-42` where the resource has several kinds of record. */
  readonly on: string;
  readonly purpose: string | undefined;
  /** Seconds. */
  readonly duration: number | undefined;
  readonly command: readonly string[];
}

/** Runs a program with authority over one record and no secret; the task ends with the program. Returns the program's exit code. */
export async function run(
  options: RunOptions,
  places: Places,
  output: Output,
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const seat = takeSeat(places);
  const target = await findTarget(seat, options.on);
  const key = makeDpopKey();
  const task = {
    resource: target.resource,
    authorizationDetails: [{ type: target.type, [target.by]: target.alias }],
    ...(options.policy === undefined ? {} : { policy: options.policy }),
    ...(options.purpose === undefined ? {} : { purpose: options.purpose }),
    ...(options.duration === undefined ? {} : { duration: options.duration }),
  };
  const { start } = await refusable(async () => seat.agent.beginTask(seat.session.handle, { ...task, jkt: key.jkt }));
  const agent = createAgent({
    issuer: seat.running.issuer,
    base: seat.running.broker,
    dpopKey: key,
  });
  const held = await refusable(async () => agent.start(start));
  output.warn(
    `task ${held.task}: ${target.alias} in ${target.resource} only, until ${new Date(held.taskEnds * 1000).toISOString()}; this machine does not isolate the program, which runs as you`,
  );
  const over = new AbortController();
  const renewing = agent
    .keepRenewed(over.signal)
    .catch((error: unknown) =>
      output.warn(`the lease could not be renewed: ${error instanceof Error ? error.message : "unknown fault"}`),
    );
  await using endpoint = await openEndpoint(held.resource, agent, target.maxBody);
  const [base, phantom] = [endpoint.url, endpoint.phantom.reveal()];
  const { host } = new URL(base);
  using files = writeProgramFiles(target.environment.files ?? {}, { base_url: base, host, credential: phantom });
  try {
    const code = await runChild(
      options.command,
      { ...variables(target.environment, base, phantom), ...files.variables },
      env,
    );
    summarize(endpoint.calls, output, code);
    return code;
  } finally {
    over.abort();
    await renewing;
    const ended = await refusable(async () => agent.complete());
    output.say(`task ${ended.task} is over; it opens nothing any more`);
  }
}

function summarize(calls: readonly CallNote[], output: Output, code: number): void {
  const refused = calls.filter(({ status }) => [400, 401, 403].includes(status));
  const done = calls.filter(({ status }) => status < 400);
  const failed = calls.length - done.length - refused.length;
  const others = failed === 0 ? "" : `, ${failed} failed`;
  const line = `${done.length} ${done.length === 1 ? "call" : "calls"} done, ${refused.length} refused${refused.length === 0 ? "" : ` (${refused.map(({ method, path }) => `${method} ${path}`).join(", ")})`}${others}`;
  if (output.json)
    process.stderr.write(
      `${JSON.stringify({ exit: code, done: done.length, refused: refused.length, failed, calls })}\n`,
    );
  else output.say(line);
}

interface Environment {
  readonly base_url: readonly string[];
  readonly credential: readonly string[];
  readonly constants: Readonly<Record<string, string>>;
  /** Lines of files that programs are pointed to by a variable. */
  readonly files?: Readonly<Record<string, readonly string[]>>;
}

function variables(environment: Environment, url: string, phantom: string): Readonly<Record<string, string>> {
  return {
    ...environment.constants,
    ...Object.fromEntries(environment.base_url.map((name) => [name, url])),
    ...Object.fromEntries(environment.credential.map((name) => [name, phantom])),
  };
}

interface Target {
  readonly resource: string;
  readonly type: string;
  readonly alias: string;
  /** What the record's name is: records of some APIs have no other name than their identifier. */
  readonly by: "alias" | "identifier";
  readonly environment: Environment;
  /** The largest body that an operation of the connector takes. */
  readonly maxBody: number;
}

async function findTarget(seat: Seat, on: string): Promise<Target> {
  const at = on.indexOf(":");
  const [named, alias] = [on.slice(0, at), on.slice(at + 1)];
  if (at < 1 || alias === "")
    throw new CommandError("usage", `\`${on}\` names no record`, {
      fix: "write RESOURCE:RECORD, as in jira-acme:PROJ-42",
    });
  const { resources } = await adminJson(seat, "/admin/resources");
  const all = (Array.isArray(resources) ? resources : []).flatMap(readResource);
  const found = all.find(({ name }) => name === named || named.startsWith(`${name}.`));
  if (found === undefined)
    throw new CommandError("usage", `there is no resource \`${named}\``, {
      fix: `known are: ${all.map(({ name }) => name).join(", ")}`,
    });
  const types = found.types.filter((type) => named === found.name || type === named);
  const [type, ...others] = types;
  if (type === undefined || others.length > 0)
    throw new CommandError("usage", `say which kind of record of \`${found.name}\` you mean`, {
      fix: `one of: ${found.types.map((one) => `${one}:${alias}`).join(", ")}`,
    });
  const by = found.identified.includes(type) ? "identifier" : "alias";
  return { resource: found.name, type, alias, by, environment: found.environment, maxBody: found.maxBody };
}

function readResource(item: unknown): readonly {
  readonly name: string;
  readonly types: readonly string[];
  readonly identified: readonly string[];
  readonly environment: Environment;
  readonly maxBody: number;
}[] {
  if (typeof item !== "object" || item === null) return [];
  const { name, types, identified, environment, max_body: maxBody }: Readonly<Record<string, unknown>> = { ...item };
  if (typeof name !== "string" || !Array.isArray(types) || typeof environment !== "object" || environment === null)
    return [];
  if (typeof maxBody !== "number" || !Array.isArray(identified)) return [];
  // our own broker's answer: the connector's environment, as its parser made it
  return [
    {
      name,
      types: types.map(String),
      identified: identified.map(String),
      environment: environment as Environment,
      maxBody,
    },
  ];
}
