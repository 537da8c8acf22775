import { randomBytes } from "node:crypto";
import { OpenAPIHono, z } from "@hono/zod-openapi";
import { makeHandle } from "@remit/core";
import type { Broker } from "../broker.ts";
import { end } from "../end.ts";
import { logName } from "../keys/root.ts";
import { handleHash } from "../token.ts";
import { maySee, maySeeAll, mayStop, nameOf } from "./caller.ts";
import { type AdminContext, type AdminEnv, on, problem } from "./route.ts";
import { policyViews, resourceViews, taskView } from "./views.ts";

const id = z.string().regex(/^[a-z]{2,3}_[0-9A-Z]{26}$|^(?:kid|key):[A-Za-z0-9_-]{43}$|^all$/);
const taskId = z.string().regex(/^tsk_[0-9A-Z]{26}$/);
const pointId = z.string().regex(/^pnt_[0-9A-Z]{26}$/);
const page = z.strictObject({
  from: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(10_000).default(1_000),
});

/** The admin API: what the command line uses, and the console will. Who calls was settled before it gets here. */
export function createAdmin(broker: Broker): OpenAPIHono<AdminEnv> {
  const app = new OpenAPIHono<AdminEnv>();
  app.use(async (c, next) => {
    await next();
    c.header("cache-control", "no-store");
    // an act that was done has its own record, in its own transaction
    if (c.req.method === "POST" && c.res.ok) return;
    await broker.store.record({
      kind: "admin",
      decision: broker.newDecision(),
      ids: [nameOf(c.env.caller)],
      body: { method: c.req.method, path: c.req.path, status: c.res.status },
    });
  });
  app.notFound((c) => problem(c, 404, "there is no such admin call"));
  addReads(app, broker);
  addTasks(app, broker);
  addLogs(app, broker);
  addActs(app, broker);
  addPoints(app, broker);
  app.doc31("/openapi.json", {
    openapi: "3.1.0",
    info: { title: "Remit admin API", version: "0.1.0" },
  });
  return app;
}

function addReads(app: OpenAPIHono<AdminEnv>, broker: Broker): void {
  const { read } = broker.store;
  on(app, { method: "get", path: "/admin/me" }, (c) =>
    c.json({
      caller: nameOf(c.env.caller),
      roles: c.env.caller.kind === "socket" ? ["owner"] : c.env.caller.roles,
    }),
  );
  on(app, { method: "get", path: "/admin/status" }, (c) =>
    c.json({
      issuer: broker.issuer,
      config: broker.config.digest,
      feed: read.position(),
      points: broker.channels.connected(),
    }),
  );
  on(app, { method: "get", path: "/admin/resources" }, (c) => c.json({ resources: resourceViews(broker) }));
  on(app, { method: "get", path: "/admin/policies" }, (c) => c.json({ policies: policyViews(broker) }));
  on(app, { method: "get", path: "/admin/points" }, (c) =>
    c.json({ points: read.points().map(({ point, name, may }) => ({ point, name, may })) }),
  );
}

function addTasks(app: OpenAPIHono<AdminEnv>, broker: Broker): void {
  const { read } = broker.store;
  on(app, { method: "get", path: "/admin/tasks" }, (c) => {
    const { caller } = c.env;
    const mine = maySeeAll(caller) || caller.kind === "socket" ? {} : { subject: caller.subject };
    return c.json({
      tasks: read.tasks({ ...mine, limit: 200 }).map((row) => taskView(row, broker.now())),
    });
  });
  on(app, { method: "get", path: "/admin/tasks/{id}", params: z.object({ id: taskId }) }, (c, { params }) => {
    const rows = read.task(params.id);
    const [root] = rows;
    if (root === undefined || !maySee(c.env.caller, root.subject))
      return problem(c, 404, "there is no such task for you");
    return c.json({
      task: taskView(root, broker.now()),
      grants: rows.map((row) => ({
        grant: row.grant,
        lease_until: row.leaseUntilMs,
        uses_left: row.usesLeft ?? null,
      })),
    });
  });
  on(app, { method: "get", path: "/admin/trace/{id}", params: z.object({ id }) }, async (c, { params }) => {
    await broker.store.settled();
    const lines = read.mentions(params.id);
    const task = params.id.startsWith("tsk_")
      ? params.id
      : lines.map(({ line }) => /tsk_[0-9A-Z]{26}/.exec(line)?.[0]).find((found) => found !== undefined);
    const [root] = task === undefined ? [] : read.task(task);
    if (root === undefined || !maySee(c.env.caller, root.subject))
      return problem(c, 404, "there is no such trail for you");
    return c.json({ task: taskView(root, broker.now()), lines });
  });
}

function addLogs(app: OpenAPIHono<AdminEnv>, broker: Broker): void {
  const { read } = broker.store;
  const forViewers = (c: AdminContext, answer: () => Response): Response =>
    maySeeAll(c.env.caller) ? answer() : problem(c, 403, "the logs are for viewers");
  const lines = (c: AdminContext, all: readonly string[]): Response =>
    c.body(all.map((line) => `${line}\n`).join(""), 200, {
      "content-type": "application/x-ndjson",
    });
  const key = { name: logName(broker.issuer), key: broker.ring.log.jwk.x };
  on(app, { method: "get", path: "/admin/log/checkpoint" }, async (c) => {
    await broker.store.settled();
    return forViewers(c, () => c.json({ checkpoint: broker.feed.checkpoint(), key }));
  });
  on(app, { method: "get", path: "/admin/log/records", query: page }, (c, { query }) =>
    forViewers(c, () => lines(c, read.records(query.from, query.limit))),
  );
  const params = z.object({ point: pointId });
  on(app, { method: "get", path: "/admin/log/points/{point}/checkpoint", params }, (c, { params: { point } }) => {
    const [row, head] = [read.points().find((one) => one.point === point), read.shippedHead(point)];
    if (row?.logKey === undefined || head === undefined) return problem(c, 404, "the point has shipped nothing yet");
    return forViewers(c, () => c.json({ ...head, key: { name: `remit-point/${row.name}`, key: row.logKey } }));
  });
  on(app, { method: "get", path: "/admin/log/points/{point}/records", params, query: page }, (c, input) =>
    forViewers(c, () => lines(c, read.shipped(input.params.point, input.query.from, input.query.limit))),
  );
}

function addActs(app: OpenAPIHono<AdminEnv>, broker: Broker): void {
  const { read } = broker.store;
  const reason = z.string().max(200).optional();
  const stop = async (
    c: AdminContext,
    ending: { id: string; reason: string | undefined; suspend: boolean; how: "cancel" | "revoke" },
  ): Promise<Response> => {
    const ended = await end(broker, {
      ...ending,
      by: nameOf(c.env.caller),
      decision: broker.newDecision(),
    });
    return ended.ok ? c.json({ ...ended.value }) : problem(c, 404, "nothing of this id is known");
  };
  const owns = (c: AdminContext, subject: string | undefined): boolean =>
    c.env.caller.kind === "session" && c.env.caller.subject === subject;
  on(
    app,
    {
      method: "post",
      path: "/admin/tasks/{id}/end",
      params: z.object({ id: taskId }),
      body: z.strictObject({ reason }),
    },
    async (c, { params, body }) => {
      const [root] = read.task(params.id);
      if (root === undefined || !(owns(c, root.subject) || mayStop(c.env.caller)))
        return problem(c, 404, "there is no such task for you");
      return stop(c, { id: params.id, reason: body.reason, suspend: false, how: "cancel" });
    },
  );
  on(
    app,
    {
      method: "post",
      path: "/admin/revoke",
      body: z.strictObject({ id, reason, suspend: z.boolean().default(false) }),
    },
    async (c, { body }) => {
      const grant = body.id.startsWith("grn_") ? read.grant(body.id) : read.task(body.id)[0];
      const mayEnd = (owns(c, grant?.subject) && !body.suspend) || mayStop(c.env.caller);
      if (!mayEnd) return problem(c, 403, "this is for operators, or for the subject of a task");
      return stop(c, { id: body.id, reason: body.reason, suspend: body.suspend, how: "revoke" });
    },
  );
}

function addPoints(app: OpenAPIHono<AdminEnv>, broker: Broker): void {
  on(
    app,
    {
      method: "post",
      path: "/admin/points",
      body: z.strictObject({
        point: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
        jkt: z
          .string()
          .regex(/^[A-Za-z0-9_-]{43}$/)
          .optional(),
      }),
    },
    async (c, { body }) => {
      if (!mayStop(c.env.caller)) return problem(c, 403, "enrolling points is for operators");
      const handle = makeHandle("rmt_boot_", randomBytes(32));
      await broker.store.offerBoot({
        hash: handleHash(handle),
        purpose: body.jkt === undefined ? `point:${body.point}` : `point:${body.point}:${body.jkt}`,
        ttlMs: broker.config.settings.bootMs,
        by: nameOf(c.env.caller),
      });
      return c.json({ boot: handle, pin: broker.pin, issuer: broker.issuer, base: broker.base });
    },
  );
}
