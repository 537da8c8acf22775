import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { entry } from "../../packages/core/test/support/tarball.ts";

// A program that npm is not: it writes publications by hand, and tells with which code each is answered.

const [name = "", version = "", tag = ""] = process.argv.slice(2);
const registry = process.env["NPM_CONFIG_REGISTRY"] ?? "";
const headers = { authorization: `Bearer ${process.env["NPM_TOKEN"] ?? ""}`, "content-type": "application/json" };

interface Forged {
  readonly document?: object;
  readonly manifest?: object;
  readonly dist?: object;
  readonly body?: object;
  readonly gzip?: (tar: Buffer) => Buffer;
}

function publication({ document, manifest, dist, body, gzip = gzipSync }: Forged): object {
  const own = { name, version, dependencies: { left: "1.0.0" } };
  const tar = Buffer.concat([
    entry({ name: "package/package.json", data: JSON.stringify({ ...own, ...document }) }),
    Buffer.alloc(1024),
  ]);
  const bytes = gzip(tar);
  const digest = (algorithm: string, as: "base64" | "hex"): string => createHash(algorithm).update(bytes).digest(as);
  const file = `${name}-${version}.tgz`;
  const of = {
    ...{ integrity: `sha512-${digest("sha512", "base64")}`, shasum: digest("sha1", "hex") },
    tarball: `http://evil.example/${name}/-/${file}`,
    ...dist,
  };
  const described = { ...own, _id: `${name}@${version}`, ...manifest, dist: of };
  const attachment = { content_type: "application/octet-stream", data: bytes.toString("base64"), length: bytes.length };
  return {
    ...{ _id: name, name, "dist-tags": { [tag]: version }, access: null },
    ...{ versions: { [version]: described }, _attachments: { [file]: attachment } },
    ...body,
  };
}

const FORGED: Readonly<Record<string, Forged>> = {
  "a tarball of another package": { document: { name: "other" } },
  "a tarball of another version": { document: { version: "9.9.9" } },
  "a dependency that the tarball has not": { manifest: { dependencies: { evil: "1.0.0" } } },
  "an install script that the tarball has not": { manifest: { scripts: { install: "node evil.js" } } },
  "an install script that the manifest hides": { document: { scripts: { install: "node evil.js" } } },
  "another tarball's digest": { dist: { integrity: `sha512-${"A".repeat(86)}==` } },
  "a tarball elsewhere": { dist: { tarball: `http://evil.example/${name}/-/other-1.0.0.tgz` } },
  "a deprecation": { manifest: { deprecated: "use evil" } },
  "two tags": { body: { "dist-tags": { [tag]: version, latest: version } } },
  "two tarballs in one": { gzip: (tar) => Buffer.concat([gzipSync(tar), gzipSync(tar)]) },
  "another visibility": { body: { access: "public" } },
  "an owner": { body: { maintainers: [{ name: "eve", email: "eve@evil.example" }] } },
};

for (const [what, forged] of Object.entries({ ...FORGED, "nothing forged": {} })) {
  const body = JSON.stringify(publication(forged));
  const answer = await fetch(`${registry}/${name.replace("/", "%2f")}`, { method: "PUT", headers, body });
  const { code }: { readonly code?: unknown } = answer.ok ? { code: "ok" } : Object(await answer.json());
  process.stdout.write(`${JSON.stringify({ what, code })}\n`);
}
