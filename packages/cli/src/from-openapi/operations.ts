import { CommandError } from "../exit.ts";
import { type Description, listOf, loose, type Loose } from "./description.ts";
import { plainText } from "./plain-text.ts";
import { type Risk, risksOf } from "./risks.ts";

/** One operation of a description. All texts are plain ones, except that schemas are the description's own. */
export interface Described {
  readonly method: string;
  /** As the description writes it, after the path of its server. */
  readonly path: string;
  /** The path in segments. */
  readonly segments: readonly Segment[];
  readonly id: string;
  readonly summary: string;
  readonly deprecated: boolean;
  readonly query: readonly Parameter[];
  readonly body: Body | undefined;
  readonly answer: Answer;
  readonly risks: readonly Risk[];
}

/** A literal, a whole-segment parameter, or something that the language does not say. */
export type Segment =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "parameter"; readonly name: string; readonly schema: unknown }
  | { readonly kind: "odd"; readonly text: string };

export interface Parameter {
  readonly name: string;
  readonly required: boolean;
  readonly schema: unknown;
}

/** Undefined schema: the body is not JSON. */
export interface Body {
  readonly required: boolean;
  readonly schema: unknown;
}

export interface Answer {
  readonly status: number;
  /** `none`: without a body. `other`: with one that is not JSON. */
  readonly content: "none" | "json" | "other";
  readonly schema: unknown;
}

const METHODS = ["get", "post", "put", "patch", "delete", "head", "options", "trace"];
const MOST = 20_000;

/** Every operation of a description, in its order. */
export function operationsOf(description: Description): readonly Described[] {
  const { root, follow } = description;
  const base = basePath(root);
  const found = Object.entries(loose(root["paths"]) ?? {}).flatMap(([path, value]) => {
    const item = follow(value);
    if (item === undefined || !path.startsWith("/")) return [];
    return METHODS.flatMap((method) => {
      const operation = loose(item[method]);
      return operation === undefined
        ? []
        : [describedBy(description, { method, path: `${base}${path}`, item, operation })];
    });
  });
  if (found.length > MOST)
    throw new CommandError("error", `the description has ${found.length} operations; ${MOST} are read`, {
      fix: "split it by path",
    });
  return found;
}

/** The path of the first server, since a connection knows no more than an origin. */
function basePath(root: Loose): string {
  const server = loose(listOf(root["servers"])[0]);
  const said = server?.["url"];
  // an address that is longer is none, and would take its time
  const url = typeof said === "string" && said.length <= 2_000 ? said : "";
  const variables = loose(server?.["variables"]) ?? {};
  const path = url
    .replace(/^[^/]*:?\/\/[^/]*/, "")
    .replace(/\{([^{}]*)\}/g, (whole, name: string) => {
      const standard = loose(variables[name])?.["default"];
      return typeof standard === "string" ? standard : whole;
    })
    .replace(/\/+$/, "");
  return /^(?:\/[A-Za-z0-9._-]+)+$/.test(path) ? path : "";
}

function describedBy(
  description: Description,
  found: { readonly method: string; readonly path: string; readonly item: Loose; readonly operation: Loose },
): Described {
  const { operation, path } = found;
  const method = found.method.toUpperCase();
  const parameters = [...listOf(found.item["parameters"]), ...listOf(operation["parameters"])]
    .map(description.follow)
    .filter((parameter) => parameter !== undefined);
  const id = plainText(operation["operationId"], 120);
  const calls = operation["callbacks"] !== undefined;
  return {
    method,
    path: plainText(path, 400),
    segments: path
      .slice(1)
      .split("/")
      .map((text) => segmentOf(text, parameters)),
    id,
    summary: plainText(operation["summary"] ?? operation["description"] ?? operation["operationId"], 160),
    deprecated: operation["deprecated"] === true,
    query: queryOf(parameters),
    body: method === "GET" ? undefined : bodyOf(description, operation),
    answer: answerOf(description, operation),
    risks: risksOf({ method, path: plainText(path, 400), id, calls }),
  };
}

function segmentOf(text: string, parameters: readonly Loose[]): Segment {
  if (/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(text)) return { kind: "literal", text };
  const name = /^\{([A-Za-z0-9._-]{1,64})\}$/.exec(text)?.[1];
  if (name === undefined) return { kind: "odd", text: plainText(text, 120) };
  const said = parameters.findLast((parameter) => parameter["in"] === "path" && parameter["name"] === name);
  return { kind: "parameter", name, schema: said?.["schema"] };
}

function queryOf(parameters: readonly Loose[]): readonly Parameter[] {
  const named = parameters.flatMap((parameter): readonly [string, Parameter][] => {
    const { name, schema } = parameter;
    if (parameter["in"] !== "query" || typeof name !== "string" || !/^[A-Za-z0-9_.:$-]{1,64}$/.test(name)) return [];
    return [[name, { name, required: parameter["required"] === true, schema }]];
  });
  return [...new Map(named).values()];
}

const JSON_TYPE = /^application\/(?:[a-z0-9.-]+\+)?json(?:;|$)/i;

function jsonOf(content: unknown): { readonly any: boolean; readonly schema: unknown } {
  const types = Object.entries(loose(content) ?? {});
  const json = types.find(([type]) => JSON_TYPE.test(type))?.[1];
  return { any: types.length > 0, schema: loose(json)?.["schema"] };
}

function bodyOf({ follow }: Description, operation: Loose): Body | undefined {
  const body = follow(operation["requestBody"]);
  if (body === undefined) return undefined;
  return { required: body["required"] === true, schema: jsonOf(body["content"]).schema };
}

function answerOf({ follow }: Description, operation: Loose): Answer {
  const [status = "200", said] =
    Object.entries(loose(operation["responses"]) ?? {})
      .filter(([code]) => /^2(?:\d\d|XX)$/i.test(code))
      .toSorted(([left], [right]) => (left < right ? -1 : 1))[0] ?? [];
  const { any, schema } = jsonOf(follow(said)?.["content"]);
  return {
    status: /^2\d\d$/.test(status) ? Number(status) : 200,
    content: schema !== undefined ? "json" : any || said === undefined ? "other" : "none",
    schema,
  };
}
