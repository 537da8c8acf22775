import { createHash } from "node:crypto";

/** Ways in which a secret may be written down, as texts that are found whatever stands around them. */
export function spellings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString("hex");
  const url = encodeURIComponent(secret);
  // without the last zero it is found in either order of the bytes
  const wide = Buffer.from(secret, "utf16le").subarray(0, -1);
  const escaped = [...secret]
    .map((character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    [...secret].reverse().join(""),
    ...[hex, hex.toUpperCase(), (hex.match(/../g) ?? []).join(" "), (hex.match(/../g) ?? []).join(":")],
    ...[
      url,
      encodeURIComponent(url),
      url.toLowerCase(),
      [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
    ],
    ...[
      escaped,
      escaped.toUpperCase().replaceAll("\\U", "\\u"),
      [...secret].map((character) => `&#${character.charCodeAt(0)};`).join(""),
      htmlEscaped(secret),
    ],
    ...base64s(bytes),
    ...base64s(bytes).flatMap((once) => base64s(Buffer.from(once))),
    ...base64s(wide),
    ...[wide.toString("hex"), wide.toString("hex").toUpperCase()],
    ...base32s(bytes),
    ...[[...bytes].join(","), [...bytes].join(""), [...secret].join('","'), secret.toLowerCase(), secret.toUpperCase()],
    rot13(secret),
    ...["md5", "sha1", "sha256"].flatMap((name) => [
      createHash(name).update(bytes).digest("hex"),
      createHash(name).update(bytes).digest("base64").replace(/=+$/, ""),
    ]),
  ];
}

/** base64 at each of the three offsets, without the characters that depend on what stands beside it. */
function base64s(bytes: Buffer): readonly string[] {
  return [0, 1, 2].flatMap((offset) => {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const start = offset === 0 ? 0 : offset + 1;
    const end = (bytes.length + offset) % 3 === 0 ? padded.length : padded.length - 1;
    const core = padded.slice(start, end);
    return [
      core,
      core.replaceAll("+", "-").replaceAll("/", "_"),
      core.replaceAll("+", "%2B").replaceAll("/", "%2F"),
      core.replaceAll("/", "\\/"),
    ];
  });
}

const htmlEscaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const rot13 = (text: string): string =>
  text.replace(/[a-z]/gi, (letter) => {
    const base = letter <= "Z" ? 65 : 97;
    return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base);
  });

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Base32 (RFC 4648 6) at each of the five offsets, without the characters that depend on what stands beside it. */
function base32s(bytes: Buffer): readonly string[] {
  return [0, 1, 2, 3, 4].flatMap((offset) => {
    const bits = [...Buffer.concat([Buffer.alloc(offset), bytes])].map((byte) => byte.toString(2).padStart(8, "0"));
    const start = Math.ceil((offset * 8) / 5);
    const fives = bits.join("").match(/.{5}/g) ?? [];
    const core = fives.slice(start).map((five) => BASE32.charAt(Number.parseInt(five, 2)));
    return [core.join(""), core.join("").toLowerCase()];
  });
}
