import { z } from "zod";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `120s`, `5m`, `1h`, `250ms`, not shorter than a floor; read as milliseconds. */
const duration = (floorMs: number) =>
  z
    .string()
    .regex(/^[1-9][0-9]{0,5}(?:ms|s|m|h)$/, "is a duration such as 120s, 5m or 1h")
    .transform((text) => {
      const [, amount = "0", unit = "ms"] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? [];
      return Number(amount) * (UNITS[unit] ?? 1);
    })
    .refine((value) => value >= floorMs, `is at least ${floorMs} ms`);

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "is a name of small letters, digits and hyphens");
const url = z.string().refine((text) => URL.canParse(text), "is a URL");
const claimRule = z.union([z.string().transform((is) => ({ is })), z.strictObject({ like: z.string().min(2) })]);
const claims = z.record(z.string().min(1), claimRule);
const member = z.strictObject({ issuer: name, claims });
const jwk = z.strictObject({
  kty: z.literal("EC"),
  crv: z.literal("P-256"),
  x: z.string().length(43),
  y: z.string().length(43),
});

/** remit.yaml */
export const settingsSchema = z.strictObject({
  remit: z.literal(1),
  name: z.string().default("remit"),
  issuer: url.optional(),
  lifetimes: z
    .strictObject({
      token: duration(2_000).default(120_000),
      lease: duration(2_000).default(180_000),
      dormant: duration(1).default(900_000),
      session: duration(2_000).default(28_800_000),
      start: duration(1_000).default(120_000),
      boot: duration(1_000).default(900_000),
      task_max: duration(2_000).default(86_400_000),
    })
    .prefault({}),
  bounds: z
    .strictObject({
      read: duration(250).default(10_000),
      write: duration(250).default(2_000),
      reveal: duration(250).default(1_000),
    })
    .prefault({}),
  roles: z
    .strictObject({
      viewer: z.array(member).default([]),
      approver: z.array(member).default([]),
      operator: z.array(member).default([]),
      owner: z.array(member).default([]),
    })
    .prefault({}),
});

/** issuers/NAME.yaml */
export const issuerSchema = z.strictObject({
  issuer: url,
  algorithms: z.array(z.enum(["ES256", "EdDSA", "RS256", "PS256"])).min(1),
  sessions: z.array(z.string().min(1)).default([]),
  id_token: z.strictObject({ audiences: z.record(z.string(), name) }).optional(),
  access_token: z.strictObject({ audience: z.string().min(1), clients: z.record(z.string(), name) }).optional(),
  max_age: duration(1_000).default(300_000),
  tasks_per_token: z.int().min(1).max(1_000).default(1),
  insecure_loopback_http: z.boolean().default(false),
});

/** clients/NAME.yaml */
export const clientSchema = z.strictObject({
  client: name,
  title: z.string().optional(),
  key: z.union([z.literal("from-subject"), jwk]),
});

/** resources/NAME.yaml */
export const resourceSchema = z.strictObject({
  resource: name,
  connector: name,
  connection: name,
  url: url.optional(),
  title: z.string().optional(),
});

/** points/NAME.yaml */
export const pointSchema = z.strictObject({
  point: name,
  key: jwk,
  serves: z.array(url).min(1),
  may: z.array(z.enum(["feed", "spend", "resolve", "ship", "introspect"])).min(1),
});

const count = z.int().min(1).max(1_000_000);

/** policies/NAME.yaml; `may` is read by the authority parser, with everything that it knows of types. */
export const policySchema = z.strictObject({
  policy: name,
  actor: z.strictObject({ client: name }),
  subject: member,
  rights: z.literal("service"),
  may: z.array(z.unknown()).min(1),
  limits: z.strictObject({
    task: z.strictObject({
      duration: duration(2_000),
      depth: z.int().min(0).max(4).default(0),
      fanout: count.optional(),
    }),
    grant: z.strictObject({ uses: count }).optional(),
    each: z
      .strictObject({
        per: z.tuple([z.literal("actor"), z.literal("subject")]),
        tasks: z.strictObject({ live: count.optional(), per_hour: count.optional() }).optional(),
        records: z.strictObject({ per_hour: count }).optional(),
      })
      .optional(),
  }),
  approval: z.union([
    z.literal("none"),
    z.strictObject({ from: z.strictObject({ group: z.string() }), quorum: count.default(1) }),
  ]),
});

/** ceilings/NAME.yaml */
export const ceilingSchema = z.strictObject({
  ceiling: name,
  may: z.array(z.unknown()).min(1),
  depth: z.int().min(0).max(4).optional(),
});
