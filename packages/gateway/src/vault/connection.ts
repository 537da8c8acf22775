import { isJsonObject, type Json, Secret } from "@remit/core";

/** Where an API is, and in which form its credential is sent. Made at this gateway, and changed nowhere else. */
export interface Connection {
  readonly id: string;
  readonly name: string;
  /** The resource that this connection serves. */
  readonly resource: string;
  /** Name of the connector that reads it. */
  readonly connector: string;
  readonly origin: string;
  readonly inject: Injection;
  readonly as: "service";
  readonly account: string;
  readonly insecureLoopback: boolean;
}

export type Injection =
  | { readonly form: "basic"; readonly username: string }
  | { readonly form: "bearer" }
  | { readonly form: "header"; readonly header: string };

const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const MEMBERS = ["name", "resource", "connector", "origin", "inject", "as", "account", "secret", "insecure_loopback"];

/** A connection as it is asked for at the admin socket, with its credential. */
export interface NewConnection extends Omit<Connection, "id"> {
  readonly secret: Secret<string>;
}

/** Reads what `remit connect` sends; the text says what is wrong. */
export function readNewConnection(json: Json): NewConnection | string {
  if (!isJsonObject(json)) return "the body is an object";
  const odd = Object.keys(json).find((name) => !MEMBERS.includes(name));
  if (odd !== undefined) return `\`${odd}\` is not known here`;
  const { name, resource, connector, origin, as, account, secret, insecure_loopback } = json;
  if (
    typeof name !== "string" ||
    typeof resource !== "string" ||
    typeof connector !== "string" ||
    ![name, resource, connector].every((text) => NAME.test(text))
  ) {
    return "name, resource and connector are names of small letters, digits and hyphens";
  }
  if (as !== "service") return "`as` is service; other rights come later";
  if (typeof account !== "string" || !/^[\p{L}\p{N}\p{P}\p{S} ]{1,200}$/u.test(account))
    return "account says whose rights these are";
  if (typeof secret !== "string" || secret.length < 6 || !/^[\u0021-\u007e]+$/.test(secret))
    return "the secret is 6 or more printable characters";
  if (insecure_loopback !== undefined && typeof insecure_loopback !== "boolean")
    return "insecure_loopback is true or false";
  const insecureLoopback = insecure_loopback === true;
  const place = originFault(origin, insecureLoopback);
  const inject = readInjection(json["inject"]);
  if (typeof origin !== "string" || place !== undefined) return place ?? "origin is a URL";
  if (typeof inject === "string") return inject;
  return {
    name,
    resource,
    connector,
    origin: new URL(origin).origin,
    inject,
    as,
    account,
    insecureLoopback,
    secret: new Secret(secret),
  };
}

function originFault(origin: Json | undefined, insecureLoopback: boolean): string | undefined {
  if (typeof origin !== "string" || !URL.canParse(origin)) return "origin is a URL such as https://acme.atlassian.net";
  const url = new URL(origin);
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "")
    return "origin has no path, query or user";
  if (url.protocol !== "https:" && url.protocol !== "http:") return "origin is https";
  if (insecureLoopback)
    return LOOPBACK.includes(url.hostname) ? undefined : "insecure_loopback is for this machine only";
  return url.protocol === "https:" ? undefined : "origin is https (http is for this machine, with --insecure-loopback)";
}

function readInjection(json: Json | undefined): Injection | string {
  if (!isJsonObject(json)) return "inject says how the credential is sent";
  const { form, username, header, ...others } = json;
  if (Object.keys(others).length > 0) return "inject has an unknown member";
  if (form === "bearer" && username === undefined && header === undefined) return { form };
  if (
    form === "basic" &&
    typeof username === "string" &&
    /^[\u0021-\u0039\u003b-\u007e]+$/.test(username) &&
    header === undefined
  )
    return { form, username };
  if (
    form === "header" &&
    typeof header === "string" &&
    /^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(header) &&
    !FIXED.includes(header.toLowerCase()) &&
    username === undefined
  )
    return { form, header: header.toLowerCase() };
  return "inject is bearer, basic with a username, or header with a header name";
}

const FIXED = [
  "host",
  "content-type",
  "content-length",
  "accept",
  "accept-encoding",
  "user-agent",
  "connection",
  "transfer-encoding",
  "cookie",
];

/** The header that carries a credential, and every text of it that an answer must not hold. */
export function injected(
  connection: Connection,
  secret: Secret<string>,
): {
  readonly header: Secret<readonly [string, string]>;
  readonly texts: Secret<readonly string[]>;
} {
  const { inject } = connection;
  const value = secret.reveal();
  switch (inject.form) {
    case "bearer":
      return {
        header: new Secret(["authorization", `Bearer ${value}`]),
        texts: new Secret([value]),
      };
    case "basic": {
      const pair = `${inject.username}:${value}`;
      return {
        header: new Secret(["authorization", `Basic ${Buffer.from(pair).toString("base64")}`]),
        texts: new Secret([value, pair]),
      };
    }
    case "header":
      return { header: new Secret([inject.header, value]), texts: new Secret([value]) };
  }
}
