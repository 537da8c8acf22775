import type { Head, RewriteLink } from "@remit/core";

/** URLs of the upstream's own origin become ones of the gateway; any other leads past it, and is nothing. */
export const rewriteLinks =
  (origin: string, location: string): RewriteLink =>
  (url) => {
    const found = URL.canParse(url) ? new URL(url) : undefined;
    return found?.origin === origin && found.username === "" && found.password === ""
      ? `${location}${found.pathname}${found.search}`
      : undefined;
  };

const NEXT = /<([^<>]*)>\s*;\s*rel="next"(?:\s*,|\s*$)/;
const PAGE = /^[A-Za-z0-9_=-]{1,256}$/;

/**
 * The link to the next page of a list (RFC 8288) as a caller of the gateway writes it: the caller's own request, with
 * only the page taken from what the upstream says.
 */
export function nextPage(
  link: string | undefined,
  parameter: string,
  { path, query }: Pick<Head, "path" | "query">,
  base: string,
): string | undefined {
  const [, url] = NEXT.exec(link ?? "") ?? [];
  const page = url !== undefined && URL.canParse(url) ? new URL(url).searchParams.get(parameter) : null;
  if (page === null || !PAGE.test(page)) return undefined;
  const search = new URLSearchParams();
  for (const { name, value } of query) if (name !== parameter) search.append(name, value);
  search.set(parameter, page);
  return `<${base}${path}?${search.toString()}>; rel="next"`;
}
