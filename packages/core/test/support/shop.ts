import { createHash } from "node:crypto";
import type { Connector } from "../../src/connector/connector.ts";
import { parseConnector } from "../../src/connector/parse.ts";
import { isJsonObject, type Json, type JsonObject } from "../../src/json/read.ts";

/** A connector whose API has every form that the language knows. */
export const SHOP: JsonObject = {
  connector: "shop",
  title: "Shop",
  inject: ["bearer"],
  environment: {
    base_url: ["SHOP_URL"],
    credential: ["SHOP_KEY"],
    constants: {},
    files: { SHOP_RC: ["url={base_url}"] },
  },
  headers: { accept: "application/vnd.shop+json" },
  accept: ["application/vnd.shop+json"],
  errors: { list: "/errors", name: "/field" },
  rate_limit: { status: [403, 429], when: { header: "x-left", is: "0" }, retry_after: "retry-after" },
  shapes: {
    node: {
      kind: "tagged",
      by: "type",
      shapes: {
        text: { kind: "object", members: { text: { kind: "string", max: 99 } }, required: ["text"] },
        list: {
          kind: "object",
          members: { content: { kind: "array", max: 9, items: { kind: "ref", name: "node" } } },
          required: ["content"],
        },
      },
    },
  },
  side_doors: [{ door: "POST /everything", reaches: "every record" }],
  residual: { could: ["sell all of it"], narrower: ["make a key for one shelf"] },
  types: {
    shelf: {
      title: "shelf",
      identifier: "[1-9][0-9]{0,8}",
      alias: "[a-z]{1,9}",
      parents: {},
      resolve: { path: "/shelves/{record}", query: {}, id: "/id", alias: "/name", show: {} },
      fields: {},
      operations: {},
    },
    item: {
      title: "item",
      identifier: { text: "{shelf}/{number}", parts: { shelf: "[1-9][0-9]{0,8}", number: "[1-9][0-9]{0,8}" } },
      alias: { text: "{name}#{number}", parts: { name: "[a-z]{1,9}", number: "[1-9][0-9]{0,8}" } },
      parents: { shelf: { part: "shelf" } },
      resolve: {
        steps: [
          { paths: ["/shelves/{shelf}", "/by-name/{name}"], gives: { "{shelf}": "/id", "{name}": "/name" } },
          { paths: ["/shelves/{shelf}/items/{number}"], gives: { "{number}": "/number" } },
        ],
        show: { title: "/title" },
      },
      fields: {
        title: {
          title: "title",
          read: { kind: "string", max: 99 },
          write: { schema: { kind: "string", max: 99 }, canonical: "" },
        },
        tags: {
          title: "tags",
          at: "/meta/tags",
          read: { kind: "array", max: 9, items: { kind: "string", max: 9 } },
          verbs: { add: { kind: "string", max: 9 }, remove: { kind: "string", max: 9 } },
        },
        text: { title: "text", read: { kind: "ref", name: "node" } },
      },
      operations: {
        read: {
          ...{ action: "read", title: "read", class: "read", precondition: "none", method: "GET" },
          path: "/shelves/{shelf}/items/{number}",
          accept: ["/shelves/{shelf}/items/{number}", "/by-name/{name}/items/{number}.json"],
          query: {
            lang: { kind: "constant", value: "en" },
            page: { kind: "value", schema: { kind: "integer", min: 1 }, as: "/page" },
          },
          response: {
            ...{ kind: "record", status: [200], max: 9_999, id: { "{number}": "/number" }, fields: "" },
            keep: { "/number": { kind: "integer" }, "/url": { kind: "link" } },
            is: { "/gone": "absent", "/kind": ["item", "book"] },
          },
        },
        list: {
          ...{ action: "read", title: "list", class: "read", precondition: "none", method: "GET" },
          ...{ path: "/shelves/{record}/items", list_of: "shelf", query: {} },
          response: {
            ...{
              kind: "records",
              status: [200],
              max: 9_999,
              at: "/items",
              id: { "{number}": "/number" },
              fields: "",
              keep: {},
            },
            ...{ item: { "/number": { kind: "integer" } }, next: { parameter: "page" } },
          },
        },
        edit: {
          ...{ action: "edit", title: "edit", class: "write", precondition: "checked", method: "PUT" },
          ...{ path: "/shelves/{shelf}/items/{number}", query: {} },
          body: {
            max: 9_999,
            root: {
              kind: "object",
              members: {
                set: { node: { kind: "fields" }, absent: { rule: "unchanged" } },
                change: { node: { kind: "verbs" }, absent: { rule: "unchanged" } },
                note: {
                  node: { kind: "value", schema: { kind: "string", max: 9 }, as: "/note" },
                  absent: { rule: "unchanged" },
                  needs: "note",
                },
                silent: { node: { kind: "constant", value: true }, absent: { rule: "default", value: true } },
              },
            },
          },
          response: { kind: "empty", status: [204] },
        },
        note: {
          ...{ action: "note", title: "write on", class: "write", precondition: "none", method: "POST" },
          ...{ path: "/shelves/{shelf}/items/{number}/notes", query: {} },
          body: {
            max: 999,
            root: {
              kind: "object",
              members: {
                text: {
                  node: { kind: "value", schema: { kind: "string", max: 9 }, as: "/note" },
                  absent: { rule: "refuse" },
                },
              },
            },
          },
          response: {
            kind: "value",
            status: [201],
            max: 999,
            shape: { kind: "object", members: { id: { kind: "integer" } }, required: ["id"] },
          },
        },
        move: {
          ...{ action: "move", title: "move", class: "write", precondition: "none", method: "POST" },
          ...{ path: "/shelves/{shelf}/items/{number}/next-to", query: {} },
          body: {
            max: 999,
            root: {
              kind: "object",
              members: {
                other: {
                  node: { kind: "record", type: "item", role: "other", action: "read", form: "identifier" },
                  absent: { rule: "refuse" },
                },
              },
            },
          },
          response: { kind: "empty", status: [204] },
        },
        release: {
          ...{ action: "release", title: "release", class: "write", precondition: "none", method: "PUT" },
          ...{ path: "/shelves/{shelf}/items/{number}", query: {} },
          body: {
            max: 9_999,
            root: {
              kind: "object",
              members: {
                _id: { node: { kind: "text", text: "{record}" }, absent: { rule: "refuse" } },
                versions: {
                  absent: { rule: "refuse" },
                  node: {
                    kind: "entry",
                    key: { schema: { kind: "string", max: 9, pattern: "[0-9]{1,3}" }, as: "/version" },
                    node: { kind: "opaque", never: ["deprecated"], same: { "/name": "{record}@{/version}" } },
                  },
                },
                files: {
                  absent: { rule: "refuse" },
                  node: {
                    kind: "entry",
                    key: { text: "v{/version}.txt" },
                    node: { kind: "value", schema: { kind: "string", max: 9 }, as: "/file" },
                  },
                },
              },
            },
          },
          response: { kind: "empty", status: [201] },
        },
        cover: {
          ...{ action: "cover", title: "see the cover of", class: "read", precondition: "none", method: "GET" },
          path: "/shelves/{shelf}/items/{number}/files/{file}",
          params: { file: { schema: { kind: "string", max: 9, pattern: "[a-z]{1,9}" }, as: "/file" } },
          query: {},
          response: { kind: "bytes", status: [200], max: 9_999, types: ["image/png"] },
        },
      },
    },
  },
};

export const sha256 = (data: Uint8Array): Uint8Array => createHash("sha256").update(data).digest();

/** The shop with one place of it replaced, or left out. */
export function changedShop(path: string, value: Json | undefined, base: JsonObject = SHOP): JsonObject {
  const change = (json: Json | undefined, [name, ...rest]: readonly string[]): Json => {
    if (name === undefined) return value ?? null;
    if (Array.isArray(json)) return json.map((item: Json, at) => (String(at) === name ? change(item, rest) : item));
    const before = isJsonObject(json) ? json : {};
    if (rest.length > 0 || value !== undefined) return { ...before, [name]: change(before[name], rest) };
    const { [name]: _gone, ...others } = before;
    return others;
  };
  const changed = change(base, path.split(" "));
  if (!isJsonObject(changed)) throw new Error("the shop is an object");
  return changed;
}

export function shop(json: JsonObject = SHOP): Connector {
  const read = parseConnector(json, sha256);
  if (!read.ok) throw new Error(read.error);
  return read.value;
}
