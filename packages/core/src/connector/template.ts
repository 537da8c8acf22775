import type { Parts } from "./spelling.ts";

/** One segment of a path template. */
export type TemplateSegment =
  | { readonly literal: string }
  | {
      readonly part: string;
      /** A literal end of the segment, as in `{record}.json`. */
      readonly suffix: string;
      /** How a `/` inside the value is written, where it may be; absent: the value has none. */
      readonly slash?: "%2f" | "%2F";
      /** The value spans all segments that the template leaves for it. */
      readonly many: boolean;
    };

/** A path of an API with named places in it, as in `/repos/{owner}/{repo}/contents/{path*}`. */
export interface PathTemplate {
  readonly text: string;
  readonly segments: readonly TemplateSegment[];
}

const PART = /^\{([a-z_]+)(%2f|%2F|\*)?\}((?:\.[a-z]{1,8})?)$/;
const LITERAL = /^[A-Za-z0-9_@-][A-Za-z0-9._@-]*$/;

/** Reads a template; undefined for what is none. At most one part spans several segments. */
export function readTemplate(text: string): PathTemplate | undefined {
  if (!text.startsWith("/")) return undefined;
  const segments: TemplateSegment[] = [];
  for (const segment of text.slice(1).split("/")) {
    const [, part, mark, suffix = ""] = PART.exec(segment) ?? [];
    if (part !== undefined) {
      const slash = mark === "%2f" || mark === "%2F" ? ({ slash: mark } as const) : {};
      segments.push({ part, suffix, many: mark === "*", ...slash });
    } else if (LITERAL.test(segment)) segments.push({ literal: segment });
    else return undefined;
  }
  const names = segments.flatMap((segment) => ("part" in segment ? [segment.part] : []));
  const wide = segments.filter((segment) => "part" in segment && segment.many);
  return new Set(names).size === names.length && wide.length <= 1 ? { text, segments } : undefined;
}

/** The names of a template's places. */
export const templateParts = ({ segments }: PathTemplate): readonly string[] =>
  segments.flatMap((segment) => ("part" in segment ? [segment.part] : []));

/** The values in the places of a template, where raw segments have exactly its form. Nothing is decoded but a declared slash. */
export function matchTemplate({ segments }: PathTemplate, raw: readonly string[]): Parts | undefined {
  const spare = raw.length - segments.length;
  const found: Record<string, string> = {};
  let at = 0;
  for (const segment of segments) {
    if ("literal" in segment) {
      if (raw[at++] !== segment.literal) return undefined;
      continue;
    }
    const take = segment.many ? spare + 1 : 1;
    const value = take < 1 ? undefined : valueOf(segment, raw.slice(at, at + take));
    if (value === undefined) return undefined;
    found[segment.part] = value;
    at += take;
  }
  return at === raw.length ? found : undefined;
}

function valueOf(segment: Extract<TemplateSegment, { part: string }>, raw: readonly string[]): string | undefined {
  const joined = raw.join("/");
  if (!joined.endsWith(segment.suffix)) return undefined;
  const bare = joined.slice(0, joined.length - segment.suffix.length);
  const { slash } = segment;
  // one spelling: a slash only as it is declared, and nothing else encoded
  if (slash !== undefined && bare.includes("/")) return undefined;
  const value = slash === undefined ? bare : bare.replaceAll(slash, "/");
  return value === "" || value.includes("%") ? undefined : value;
}

/** The path with these values in its places; undefined where one is missing. */
export function printTemplate({ segments }: PathTemplate, parts: Parts): string | undefined {
  let path = "";
  for (const segment of segments) {
    if ("literal" in segment) {
      path += `/${segment.literal}`;
      continue;
    }
    const value = parts[segment.part];
    if (value === undefined) return undefined;
    const encoded = segment.many
      ? value.split("/").map(encodeSegment).join("/")
      : value
          .split("/")
          .map(encodeSegment)
          .join(segment.slash ?? "%2F");
    path += `/${encoded}${segment.suffix}`;
  }
  return path;
}

/** Percent-encodes all but what a path segment may hold as it is (RFC 3986 3.3). */
const encodeSegment = (text: string): string =>
  encodeURIComponent(text).replaceAll(/%(?:40|3A|24|2C|2B|3D)/g, (code) => decodeURIComponent(code));
