import { type OpenAPIHono, z } from "@hono/zod-openapi";
import { readJson } from "@remit/core";
import type { Context } from "hono";
import type { Caller } from "./caller.ts";

/** What the listener puts into every request before the application sees it. */
export interface AdminEnv {
  readonly Bindings: { readonly caller: Caller };
}

export type AdminContext = Context<AdminEnv>;

/** A problem+json answer (RFC 9457). */
export const problem = (c: AdminContext, status: 400 | 403 | 404, title: string): Response =>
  c.body(JSON.stringify({ type: "about:blank", title, status }), status, {
    "content-type": "application/problem+json",
  });

interface Spec<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType> {
  readonly method: "get" | "post";
  /** With parameters in braces, as OpenAPI writes them. */
  readonly path: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
}

interface Input<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType> {
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
}

const NONE = z.strictObject({});

/** Adds one route: described in the OpenAPI document, and reached only with input that its closed schemas accept. */
export function on<
  P extends z.ZodObject = typeof NONE,
  Q extends z.ZodObject = typeof NONE,
  B extends z.ZodType = typeof NONE,
>(
  app: OpenAPIHono<AdminEnv>,
  spec: Spec<P, Q, B>,
  run: (c: AdminContext, input: Input<P, Q, B>) => Response | Promise<Response>,
): void {
  const { method, path, params, query, body } = spec;
  app.openAPIRegistry.registerPath({
    method,
    path,
    request: {
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { query }),
      ...(body === undefined ? {} : { body: { required: true, content: { "application/json": { schema: body } } } }),
    },
    responses: {
      200: { description: "done" },
      400: { description: "the request is not well formed" },
      403: { description: "not for this caller" },
      404: { description: "not known to this caller" },
    },
  });
  app.on(method.toUpperCase(), path.replaceAll(/\{(\w+)\}/g, ":$1"), async (c) => {
    const asked = {
      params: (params ?? NONE).safeParse(c.req.param()),
      query: (query ?? NONE).safeParse(onlyOnce(c.req.queries())),
      body: (body ?? NONE).safeParse(body === undefined ? {} : await readBody(c)),
    };
    for (const [part, read] of Object.entries(asked)) {
      if (!read.success)
        return problem(
          c,
          400,
          `${part}: ${read.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`).join("; ")}`,
        );
    }
    // every part was read by its own schema just above
    return run(c, {
      params: asked.params.data,
      query: asked.query.data,
      body: asked.body.data,
    } as Input<P, Q, B>);
  });
}

/** Query parameters; one that is repeated stays a list, which no schema accepts. */
const onlyOnce = (all: Readonly<Record<string, readonly string[]>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(all).map(([name, values]) => [name, values.length === 1 ? values[0] : values]));

/** The body as strict JSON; undefined matches no schema, and the caller is told so. */
async function readBody(c: AdminContext): Promise<unknown> {
  if (c.req.header("content-type") !== "application/json") return undefined;
  const json = readJson(new Uint8Array(await c.req.arrayBuffer()));
  return json.ok ? json.value : undefined;
}
