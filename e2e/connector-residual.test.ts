import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { logIn, remit, startRemit } from "@remit/testkit";
import { blocksOf, plainData } from "./support/connectors.ts";

const GUIDE = "docs/connectors.md";
const connector = blocksOf(GUIDE, "library.yaml");
const { could, narrower } = plainData(connector)["residual"] as { could: string[]; narrower: string[] };

test("[connector-tools.residual-folder] what a stolen credential could do is said beside what the policies of a folder give", async () => {
  const folder = mkdtempSync(join(tmpdir(), "remit-residual-"));
  try {
    for (const kind of ["connectors", "resources", "policies"]) mkdirSync(join(folder, kind));
    writeFileSync(join(folder, "connectors/library.yaml"), connector);
    for (const file of ["resources/library.yaml", "policies/renew-one-loan.yaml"])
      writeFileSync(join(folder, file), blocksOf(GUIDE, file));
    const ask = async (...args: readonly string[]): ReturnType<typeof remit> =>
      remit(["connector", "residual", ...args, "--config", folder], { env: { REMIT_HOME: folder } });
    const said = await ask("library");
    assert.equal(said.code, 0, said.stderr);
    const [thief = "", grants = "", rest = ""] = said.stdout.split("\n\n");
    assert.deepEqual(
      thief.split("\n").slice(1),
      could.map((line) => `  - ${line}`),
    );
    assert.match(grants, /\(1 of 1 record types\)/);
    assert.match(grants, /^ {2}- loan: edit, read, renew \(3 of 3 actions\)$/m);
    assert.match(grants, /^ {6}reads due, title \(2 of 4 fields\), writes due \(1 of 1\)$/m);
    assert.match(grants, /^ {6}by the policy renew-one-loan$/m);
    assert.deepEqual(
      rest.trimEnd().split("\n").slice(1),
      narrower.map((line) => `  - ${line}`),
    );

    const json = JSON.parse((await ask("library", "--json")).stdout) as Record<string, unknown>;
    assert.deepEqual([json["ok"], json["could"], json["narrower"]], [true, could, narrower]);
    rmSync(join(folder, "policies/renew-one-loan.yaml"));
    assert.match((await ask("library")).stdout, /record types\):\n {2}- nothing\n/);

    writeFileSync(join(folder, "connectors/mute.yaml"), connector.replace(/^residual:\n(?: .*\n)+/m, ""));
    const mute = await ask(join(folder, "connectors/mute.yaml"));
    assert.equal(mute.code, 1);
    assert.match(mute.stderr, /does not say what its credential could do\n {2}fix: add `residual`/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("[connector-tools.residual-live] where a broker runs and somebody is logged in, its live policies are what grants use", async () => {
  await using running = await startRemit({
    config: {
      "connectors/library.yaml": connector,
      "resources/library.yaml": blocksOf(GUIDE, "resources/library.yaml"),
      "policies/renew-one-loan.yaml": {
        ...plainData(blocksOf(GUIDE, "policies/renew-one-loan.yaml")),
        subject: { issuer: "test", claims: { groups: "support" } },
      },
    },
  });
  const file = join(running.folder, "remit/connectors/library.yaml");
  const before = await running.command(["connector", "residual", file]);
  assert.equal(before.code, 0, before.stderr);
  assert.match(before.stdout, /What grants use of it is not known: no broker runs here to which you are logged in/);
  await logIn(running);
  const said = await running.command(["connector", "residual", file]);
  assert.equal(said.code, 0, said.stderr);
  assert.match(said.stdout, /^The live policies give at most this of it, one task at a time:$/m);
  assert.match(said.stdout, /^ {2}- by the policy renew-one-loan:$/m);
  assert.match(said.stdout, /^ {6}Change due date of any one loan in library$/m);
  assert.doesNotMatch(said.stdout, /jira-acme/, "policies of other connectors are no use of this credential");
});
