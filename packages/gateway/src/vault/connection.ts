import { isJsonObject, type Json, type Secret } from "@remit/core";
import { type Injection, readInjection } from "./injection.ts";
import { placeFault } from "./place.ts";
import { readSecrets } from "./secrets.ts";

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

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const MEMBERS = ["name", "resource", "connector", "origin", "inject", "as", "account", "insecure_loopback"];
/** What is sealed and never shown. */
const SECRETS = ["secret", "client_secret"];

/** A connection as it is asked for at the admin socket, with its credential as it is sealed. */
export interface NewConnection extends Omit<Connection, "id"> {
  readonly secret: Secret<string>;
}

/** Reads what `remit connect` sends; the text says what is wrong. */
export function readNewConnection(json: Json): NewConnection | string {
  if (!isJsonObject(json)) return "the body is an object";
  const odd = Object.keys(json).find((name) => !MEMBERS.includes(name) && !SECRETS.includes(name));
  if (odd !== undefined) return `\`${odd}\` is not known here`;
  const { name, resource, connector, origin, as, account, insecure_loopback } = json;
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
  if (insecure_loopback !== undefined && typeof insecure_loopback !== "boolean")
    return "insecure_loopback is true or false";
  const insecureLoopback = insecure_loopback === true;
  const place = originFault(origin, insecureLoopback);
  const inject = readInjection(json["inject"], insecureLoopback);
  if (typeof origin !== "string" || place !== undefined) return place ?? "origin is a URL";
  if (typeof inject === "string") return inject;
  const secret = readSecrets(inject, json["secret"], json["client_secret"]);
  if (typeof secret === "string") return secret;
  return {
    name,
    resource,
    connector,
    origin: new URL(origin).origin,
    inject,
    as,
    account,
    insecureLoopback,
    secret,
  };
}

function originFault(origin: Json | undefined, insecureLoopback: boolean): string | undefined {
  if (typeof origin !== "string" || !URL.canParse(origin)) return "origin is a URL such as https://acme.atlassian.net";
  const url = new URL(origin);
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "")
    return "origin has no path, query or user";
  return placeFault(url, insecureLoopback);
}
