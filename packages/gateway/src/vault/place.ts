const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

/** Why a secret may not be sent to a place; the addresses behind its name are checked when it is connected. */
export function placeFault(url: URL, insecureLoopback: boolean): string | undefined {
  if (url.protocol !== "https:" && url.protocol !== "http:") return "origin is https";
  if (insecureLoopback)
    return LOOPBACK.includes(url.hostname) ? undefined : "insecure_loopback is for this machine only";
  return url.protocol === "https:" ? undefined : "origin is https (http is for this machine, with --insecure-loopback)";
}
