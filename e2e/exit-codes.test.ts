import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { loginAs } from "../examples/ticket/src/idp/login-as.ts";
import { type Ended, remit } from "@remit/testkit";
import { recordsOf } from "./support/rows.ts";
import { testWorld, type World } from "./world.ts";

/** Runs a command with `--json`, and reads its one line. */
async function ask(
  world: World,
  args: readonly string[],
  onPage?: (page: URL) => void,
): Promise<Ended & { readonly answer: Readonly<Record<string, unknown>> }> {
  let opened = false;
  const onStderr = (text: string): void => {
    const page = /log in: (http\S+)\n/.exec(text)?.[1];
    if (page === undefined || opened) return;
    opened = true;
    onPage?.(new URL(page));
  };
  const ended = await remit(["--json", "--data", world.data, ...args], { env: world.env, onStderr });
  const lines = ended.stdout.split("\n").filter((line) => line !== "");
  assert.equal(lines.length, 1, `${args.join(" ")}: ${ended.stdout}${ended.stderr}`);
  return { ...ended, answer: JSON.parse(lines[0] ?? "") as Record<string, unknown> };
}

test("[cli.exit-codes-json] each way to end a command has its code, and with --json one line that says the same", async () => {
  await using world = await testWorld();
  const ends = async (code: number, error: string | undefined, ...args: readonly string[]): Promise<void> => {
    const ended = await ask(world, args);
    assert.equal(ended.code, code, `${args.join(" ")}: ${ended.stdout}${ended.stderr}`);
    assert.equal(ended.answer["error"], error, args.join(" "));
    if (error !== undefined) assert.equal(ended.answer["ok"], false);
  };
  await ends(0, undefined, "task", "list");
  await ends(0, undefined, "status");
  await ends(1, "error", "check", "--config", join(world.folder, "nowhere"));
  await ends(1, "error", "status", "--data", join(world.folder, "nowhere"));
  const policy = join(world.folder, "remit", "policies", "one-jira-record.yaml");
  const text = readFileSync(policy, "utf8");
  writeFileSync(policy, `${text}aproval: none\n`);
  const checked = await ask(world, ["check", "--config", join(world.folder, "remit")]);
  assert.equal(checked.code, 1);
  assert.partialDeepStrictEqual(checked.answer["faults"], [
    { file: "policies/one-jira-record.yaml", line: text.split("\n").length, key: "aproval" },
  ]);
  writeFileSync(policy, text);
  for (const usage of [
    ["no-such-command"],
    ["task", "show", "PROJ-42"],
    ["run", "--on", "jira-acme", "--", "true"],
    ["run", "--", "true"],
    ["up", "--port", "65536"],
    ["broker", "--no-such-flag"],
    ["gateway", "--host", "0.0.0.0"],
  ])
    await ends(2, "usage", ...usage);
  const taken = new URL(world.remit.broker).port;
  const second = ["up", "--port", taken, "--data", join(world.folder, "second")];
  const started = await ask(world, [...second, "--config", join(world.folder, "remit")]);
  assert.equal(started.code, 1);
  assert.match(started.stderr, new RegExp(`port ${taken} is taken by another program`));
  await ends(4, "refused", "run", "--on", "jira-acme:PROJ-4300", "--", "true");
  await ends(4, "refused", "task", "show", "tsk_00000000000000000000000000");

  const copy = join(world.folder, "copy");
  await ends(0, undefined, "audit", "export", copy);
  await ends(0, undefined, "audit", "verify", copy);
  const log = join(copy, readdirSync(copy).find((file) => file.endsWith(".ndjson")) ?? "");
  writeFileSync(log, readFileSync(log, "utf8").replace('"kind"', '"kine"'));
  await ends(8, "verificationFailed", "audit", "verify", copy);

  const failed = await ask(world, ["login", "--no-browser"], (page) => {
    const back = new URL(page.searchParams.get("redirect_uri") ?? "");
    const answer = { error: "server_error", state: page.searchParams.get("state") ?? "", iss: world.idp };
    for (const [name, value] of Object.entries(answer)) back.searchParams.set(name, value);
    void fetch(back);
  });
  assert.deepEqual([failed.code, failed.answer["error"]], [7, "upstreamFailed"], failed.stdout);

  const dana = recordsOf(world)
    .findLast(({ kind }) => kind === "session.open")
    ?.ids.find((id) => id.startsWith("usr_"));
  await ends(0, undefined, "revoke", dana ?? "", "--suspend");
  await ends(3, "notLoggedIn", "task", "list");
  const again = await ask(world, ["login", "--no-browser"], (page) => void loginAs(page.href, "dana"));
  assert.deepEqual([again.code, again.answer["error"]], [6, "ended"], again.stdout);
  await ends(0, undefined, "logout");
  await ends(3, "notLoggedIn", "task", "list");
});
