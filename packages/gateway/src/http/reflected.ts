import { createHash } from "node:crypto";

/** Every spelling of a credential that an answer might hold it in. Made once a credential. */
export function spellingsOf(secrets: readonly string[]): readonly string[] {
  return [...new Set(secrets.filter((secret) => secret.length >= 6).flatMap(spellings))].filter(
    (text) => text.length >= 6,
  );
}

function spellings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString("hex");
  const url = encodeURIComponent(secret);
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

/** Whether an answer holds any spelling, also across line breaks and white space. */
export function reflects(answer: Uint8Array, known: readonly string[]): boolean {
  const text = Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength).toString("latin1");
  if (known.some((spelling) => text.includes(spelling))) return true;
  const joined = text.replace(/\\[nr]|[\s\0]+/g, "");
  return joined.length !== text.length && known.some((spelling) => joined.includes(spelling));
}
