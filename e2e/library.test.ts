import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startLibrary } from "./support/library.ts";

test("[connector-tools.library-runs] the example library answers, by number and by slip, and has the doors that its page names", async () => {
  const folder = mkdtempSync(join(tmpdir(), "remit-library-"));
  try {
    await using library = await startLibrary(folder);
    const call = async (method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> => {
      const answer = await fetch(`${library.origin}${path}`, {
        method,
        headers: { authorization: `Bearer ${readFileSync(library.key, "utf8")}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) };
    };
    assert.equal((await fetch(`${library.origin}/v1/loans/5042`)).status, 401);
    const byNumber = await call("GET", "/v1/loans/5042");
    assert.deepEqual(byNumber, await call("GET", "/v1/loans/l-2026-0042"));
    const loan = byNumber.body as Record<string, unknown>;
    assert.deepEqual([loan["id"], loan["slip"], loan["member_id"]], [5042, "L-2026-0042", 301]);
    const edited = await call("PATCH", "/v1/loans/5042", { due: "2026-12-24", member_id: 302 });
    assert.equal((edited.body as Record<string, unknown>)["member_id"], 302, "takes more than it should");
    assert.equal((await call("PATCH", "/v1/loans/5042", { color: "red" })).status, 422);
    assert.equal((await call("POST", "/v1/loans/5042/renewals", { weeks: 2 })).status, 200);
    assert.equal((await call("POST", "/v1/loans/5042/notes", { text: "rang" })).status, 201);
    assert.equal(((await call("GET", "/v1/loans/5042/notes")).body as unknown[]).length, 2);
    assert.equal(((await call("GET", "/v1/members/C-20431/loans")).body as unknown[]).length, 1);
    assert.equal(((await call("GET", "/v1/search?q=Middlemarch")).body as Record<string, unknown>)["total"], 1);
    assert.equal((await call("POST", "/v1/bulk", { ids: [5042, 5043], set: { remark: "gone" } })).status, 200);
    assert.equal(((await call("GET", "/v1/loans/5043")).body as Record<string, unknown>)["remark"], "gone");
    for (const door of ["exports", "hooks", "keys"]) assert.ok((await call("POST", `/v1/${door}`)).status < 300, door);
    assert.equal((await call("DELETE", "/v1/loans/5044")).status, 204);
    assert.equal((await call("GET", "/v1/loans/5044")).status, 404);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
