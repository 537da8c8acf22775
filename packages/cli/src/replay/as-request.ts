import type { RawRequest } from "@remit/core";
import { CommandError } from "../exit.ts";
import type { RecordedCall } from "./har.ts";

/** Headers of the way that a message took, of who sent it, and of the page that it came from: the gateway's client sends its own. */
const LEFT_OUT =
  /^(?::.*|host|connection|keep-alive|proxy-.*|te|transfer-encoding|content-length|upgrade|authorization|cookie|dpop|origin|referer|sec-.*)$/i;

/** The call as the same client would have sent it to the gateway. */
export const asRequest = ({ method, target, headers, body }: RecordedCall): RawRequest => ({
  ...{ method, target, body },
  rawHeaders: headers.filter(([name]) => !LEFT_OUT.test(name)).flat(),
});

/** The calls to one API, with their paths below it. Several places are not guessed between. */
export function callsTo(calls: readonly RecordedCall[], origin: string | undefined): readonly RecordedCall[] {
  const origins = [...new Set(calls.map((call) => call.origin))];
  if (origin === undefined) {
    if (origins.length <= 1) return calls;
    throw new CommandError("usage", `the recording is of ${origins.length} places`, {
      fix: `name one with --origin: ${origins.slice(0, 8).join(", ")}`,
    });
  }
  const base = origin.replace(/\/+$/, "");
  const [, place = "", prefix = ""] = /^(https?:\/\/[^/?#@]+)(\/[^?#]*)?$/i.exec(base) ?? [];
  if (place === "")
    throw new CommandError("usage", "--origin is no URL of an API", {
      fix: "write it as in https://acme.atlassian.net",
    });
  const found = calls.filter((call) => call.origin === place.toLowerCase() && isBelow(call.target, prefix));
  if (found.length === 0)
    throw new CommandError("error", `no call of the recording is to \`${base}\``, {
      fix: `it has calls to ${origins.slice(0, 8).join(", ")}`,
    });
  return found.map((call) => {
    const target = call.target.slice(prefix.length);
    return { ...call, target: target.startsWith("/") ? target : `/${target}` };
  });
}

const isBelow = (target: string, prefix: string): boolean =>
  target.startsWith(prefix) && (target.length === prefix.length || /^[/?]$/.test(target.charAt(prefix.length)));

/** The calls with these numbers, as in `1,3,5-9`. */
export function chosen(calls: readonly RecordedCall[], only: string | undefined): readonly RecordedCall[] {
  if (only === undefined) return calls;
  const ranges = only.split(",").map((part) => {
    const [, first, last = first] = /^([1-9]\d{0,5})(?:-([1-9]\d{0,5}))?$/.exec(part) ?? [];
    if (first === undefined)
      throw new CommandError("usage", `\`${only}\` names no calls`, { fix: "write their numbers, as in 1,3,5-9" });
    return [Number(first), Number(last)] as const;
  });
  const found = calls.filter(({ number }) => ranges.some(([first, last]) => number >= first && number <= last));
  if (found.length === 0)
    throw new CommandError("usage", "none of these calls is in the recording", { fix: "calls are numbered from 1" });
  return found;
}
