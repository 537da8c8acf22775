import { isJsonObject, type Json } from "@remit/core";
import { placeFault } from "./place.ts";

/** In which form a connection's credential is sent. Holds no secret; where tokens come from is said here and nowhere else. */
export type Injection =
  | { readonly form: "basic"; readonly username: string }
  | { readonly form: "bearer" }
  | { readonly form: "header"; readonly header: string }
  | OauthRefresh
  | Signed;

/** Access tokens for a refresh token (RFC 6749 6). */
export interface OauthRefresh {
  readonly form: "oauth_refresh";
  readonly tokenEndpoint: string;
  readonly clientId: string;
  /** How the client proves itself to the token endpoint (RFC 6749 2.3.1); `none`: it is a public client. */
  readonly clientAuth: "basic" | "post" | "none";
  readonly scope?: string;
}

/** Access tokens for statements that a private key signs. */
export interface Signed {
  readonly form: "signed";
  /** `jwt-bearer`: an assertion as a grant (RFC 7523 2.1); `github-app`: a signed token buys an installation's token. */
  readonly exchange: "jwt-bearer" | "github-app";
  readonly tokenEndpoint: string;
  readonly issuer: string;
  readonly subject?: string;
  readonly audience?: string;
  readonly keyId?: string;
  readonly scope?: string;
}

export type Form = Injection["form"];

/** Members of each form, and whether each must be there. */
const MEMBERS: Readonly<Record<Form, Readonly<Record<string, boolean>>>> = {
  basic: { username: true },
  bearer: {},
  header: { header: true },
  oauth_refresh: { token_endpoint: true, client_id: true, client_auth: false, scope: false },
  signed: {
    ...{ token_endpoint: true, issuer: true, exchange: false },
    ...{ subject: false, audience: false, key_id: false, scope: false },
  },
};

const isClientAuth = (text: string): text is OauthRefresh["clientAuth"] => ["basic", "post", "none"].includes(text);
const isForm = (text: string): text is Form => Object.hasOwn(MEMBERS, text);

/** Reads how a credential is sent; the text says what is wrong. */
export function readInjection(json: Json | undefined, insecureLoopback: boolean): Injection | string {
  if (!isJsonObject(json)) return "inject says how the credential is sent";
  const { form, ...given } = json;
  if (typeof form !== "string" || !isForm(form)) return "inject is bearer, basic, header, oauth_refresh or signed";
  const known = MEMBERS[form];
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(known, name)) return `inject has an unknown member: \`${form}\` takes no \`${name}\``;
    if (typeof value !== "string" || !/^[\u0020-\u007e]{1,1024}$/.test(value))
      return `\`${name}\` of inject is printable text`;
    texts[name] = value;
  }
  const missing = Object.keys(known).find((name) => known[name] === true && texts[name] === undefined);
  if (missing !== undefined) return `inject as \`${form}\` needs \`${missing}\``;
  const endpoint = texts["token_endpoint"];
  const fault = endpoint === undefined ? undefined : endpointFault(endpoint, insecureLoopback);
  return fault ?? injectionOf(form, texts);
}

type Texts = Readonly<Record<string, string>>;

function injectionOf(form: Form, texts: Texts): Injection | string {
  const text = (name: string): string => texts[name] ?? "";
  switch (form) {
    case "bearer":
      return { form };
    case "basic":
      return /^[\u0021-\u0039\u003b-\u007e]+$/.test(text("username"))
        ? { form, username: text("username") }
        : "a username is printable, without a colon";
    case "header": {
      const header = text("header").toLowerCase();
      return /^[a-z][a-z0-9-]{0,63}$/.test(header) && !FIXED.includes(header)
        ? { form, header }
        : "header is the name of a header that the gateway does not set itself";
    }
    case "oauth_refresh":
      return readRefresh(texts);
    case "signed":
      return readSigned(texts);
  }
}

function readRefresh({ token_endpoint, client_id, client_auth = "basic", scope }: Texts): OauthRefresh | string {
  if (!isClientAuth(client_auth)) return "client_auth is basic, post or none";
  return {
    ...{ form: "oauth_refresh", tokenEndpoint: token_endpoint ?? "", clientId: client_id ?? "" },
    clientAuth: client_auth,
    ...(scope === undefined ? {} : { scope }),
  };
}

function readSigned(texts: Texts): Signed | string {
  const { token_endpoint, exchange = "jwt-bearer", issuer, subject, audience, key_id, scope } = texts;
  const own = { form: "signed", tokenEndpoint: token_endpoint ?? "", issuer: issuer ?? "" } as const;
  const more = { ...(key_id === undefined ? {} : { keyId: key_id }), ...(scope === undefined ? {} : { scope }) };
  if (exchange === "jwt-bearer")
    return subject === undefined || audience === undefined
      ? "inject as `signed` needs `subject` and `audience` (exchange jwt-bearer)"
      : { ...own, exchange, subject, audience, ...more };
  if (exchange !== "github-app") return "exchange is jwt-bearer or github-app";
  return subject !== undefined || audience !== undefined || scope !== undefined
    ? "exchange github-app takes no subject, audience or scope"
    : { ...own, exchange, ...more };
}

/** A token endpoint is a place as an origin is, with a path. */
function endpointFault(endpoint: string, insecureLoopback: boolean): string | undefined {
  if (!URL.canParse(endpoint)) return "token_endpoint is a URL such as https://login.acme.example/oauth2/token";
  const url = new URL(endpoint);
  if (url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "")
    return "token_endpoint has no query, fragment or user";
  // one spelling: what was read and approved is what is asked
  if (url.href !== endpoint) return `token_endpoint is written \`${url.href}\``;
  const fault = placeFault(url, insecureLoopback);
  return fault === undefined ? undefined : `token_endpoint: ${fault}`;
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
