import { type Sha256, toBase64url, utf8 } from "../bytes.ts";
import { canonicalJson } from "../json/canonical.ts";
import type { Json } from "../json/read.ts";
import { err, ok, type Result } from "../result.ts";
import { readBatch } from "./batch.ts";
import { checkClosed, checkTypes } from "./check.ts";
import { type Connector, INJECTION_FORMS, type RateLimit, type SideDoor } from "./connector.ts";
import { checkShapes, readShapes } from "./parse-schema.ts";
import { readRecordType } from "./parse-type.ts";
import { ConnectorMistake, entries, list, members, mistake, oneOf, pointer, text, whole } from "./strict.ts";
import { readTemplate } from "./template.ts";

const MEMBERS = [
  ...["connector", "title", "inject", "environment", "headers?", "accept?", "errors?", "rate_limit?", "shapes?"],
  ...["batches?", "side_doors?", "residual?", "types"],
];

/** Reads a connector from parsed YAML or JSON. Whatever it says that is not known here is an error, with its path. */
export function parseConnector(json: Json, sha256: Sha256): Result<Connector, string> {
  try {
    return ok(readConnector(json, sha256));
  } catch (error) {
    if (error instanceof ConnectorMistake) return err(error.message);
    // a pattern that is none, or a pointer into nothing
    if (error instanceof SyntaxError || error instanceof RangeError) return err(error.message);
    throw error;
  }
}

function readConnector(json: Json, sha256: Sha256): Connector {
  const file = members(json, "connector", MEMBERS);
  const name = text(file["connector"], "connector");
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(name)) mistake("connector", "is a name of small letters, digits and hyphens");
  const shapes = readShapes(file["shapes"], "shapes");
  const types = entries(file["types"], "types", (type, at, own) => readRecordType(type, at, own, shapes));
  checkShapes(shapes);
  checkTypes(types);
  const sideDoors = file["side_doors"] === undefined ? [] : list(file["side_doors"], "side_doors", readSideDoor);
  const batches = list(file["batches"] ?? [], "batches", readBatch);
  checkClosed(sideDoors, batches, types);
  const { errors, rate_limit: rateLimit, residual } = file;
  return {
    ...{ name, title: text(file["title"], "title"), types, batches, sideDoors },
    inject: list(file["inject"], "inject", (form, path) => oneOf(form, path, INJECTION_FORMS)),
    environment: readEnvironment(file["environment"], "environment"),
    headers: entries(file["headers"] ?? {}, "headers", readHeader),
    accept: list(file["accept"] ?? [], "accept", readMediaType),
    ...(errors === undefined ? {} : { errors: readErrors(errors, "errors") }),
    ...(rateLimit === undefined ? {} : { rateLimit: readRateLimit(rateLimit, "rate_limit") }),
    ...(residual === undefined ? {} : { residual: readResidual(residual, "residual") }),
    digest: `${name}@sha256-${toBase64url(sha256(utf8(canonicalJson(json))))}`,
  };
}

function readEnvironment(json: Json | undefined, path: string): Connector["environment"] {
  const read = members(json, path, ["base_url", "credential", "constants", "files?"]);
  const variable = (name: Json, at: string): string => {
    const variableName = text(name, at);
    return /^[A-Z][A-Z0-9_]{1,63}$/.test(variableName)
      ? variableName
      : mistake(at, "is the name of an environment variable");
  };
  const line = (json: Json, at: string): string => {
    const written = text(json, at);
    return /^(?:[^\p{Cc}{}]|\{(?:base_url|host|credential)\})+$/u.test(written)
      ? written
      : mistake(at, "is a line in which `{base_url}`, `{host}` and `{credential}` may stand");
  };
  return {
    base_url: list(read["base_url"], `${path}.base_url`, variable),
    credential: list(read["credential"], `${path}.credential`, variable),
    constants: entries(
      read["constants"],
      `${path}.constants`,
      (value, at, name) => (variable(name, at), text(value, at)),
    ),
    files: entries(
      read["files"] ?? {},
      `${path}.files`,
      (lines, at, name) => (variable(name, at), list(lines, at, line)),
    ),
  };
}

/** Headers that carry the credential, say where a message ends, or make another message of it. */
const NEVER_HEADERS = [
  ...["authorization", "cookie", "host", "connection", "content-length", "content-type", "transfer-encoding", "expect"],
  ...["upgrade", "te", "trailer", "accept-encoding", "if-match", "proxy-authorization", "x-http-method-override"],
];

function readHeader(json: Json, path: string, name: string): string {
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(name) || NEVER_HEADERS.includes(name))
    mistake(path, "is not a header that a connector sets");
  const value = text(json, path);
  return /^[\u0020-\u007e]+$/.test(value) ? value : mistake(path, "is a header value of printable characters");
}

function readMediaType(json: Json, path: string): string {
  const type = text(json, path);
  return /^[a-z]+\/[a-z0-9.+-]+$/.test(type) ? type : mistake(path, "is a media type in small letters");
}

function readErrors(json: Json, path: string): NonNullable<Connector["errors"]> {
  const { keys, list: items, name } = members(json, path, ["keys?", "list?", "name?"]);
  if (keys !== undefined && items === undefined && name === undefined) return { keys: pointer(keys, `${path}.keys`) };
  if (keys !== undefined) mistake(path, "has either `keys`, or `list` and `name`");
  return { list: pointer(items, `${path}.list`, true), name: pointer(name, `${path}.name`) };
}

function readRateLimit(json: Json, path: string): RateLimit {
  const { status, when, retry_after: retryAfter } = members(json, path, ["status", "when?", "retry_after?"]);
  const header = (value: Json | undefined, at: string): string => text(value, at).toLowerCase();
  const condition = when === undefined ? undefined : members(when, `${path}.when`, ["header", "is"]);
  return {
    status: list(status, `${path}.status`, whole),
    ...(condition === undefined
      ? {}
      : {
          when: {
            header: header(condition["header"], `${path}.when.header`),
            is: text(condition["is"], `${path}.when.is`),
          },
        }),
    ...(retryAfter === undefined ? {} : { retryAfter: header(retryAfter, `${path}.retry_after`) }),
  };
}

function readSideDoor(json: Json, path: string): SideDoor {
  const { door, reaches } = members(json, path, ["door", "reaches"]);
  const [method = "", place = "", ...rest] = text(door, `${path}.door`).split(" ");
  const fine =
    /^(?:GET|HEAD|POST|PUT|PATCH|DELETE)$/.test(method) && readTemplate(place) !== undefined && rest.length === 0;
  if (!fine) mistake(`${path}.door`, "is a method and a path such as `POST /graphql`");
  return { method, path: place, reaches: text(reaches, `${path}.reaches`) };
}

function readResidual(json: Json, path: string): NonNullable<Connector["residual"]> {
  const { could, narrower } = members(json, path, ["could", "narrower"]);
  return { could: list(could, `${path}.could`, text), narrower: list(narrower, `${path}.narrower`, text) };
}
