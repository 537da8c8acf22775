/** How Node says that a sealed value and a key do not belong together. */
const NOT_OPENED = "Unsupported state or unable to authenticate data";

/** Why a start failed, for whoever started it: what people meet is said in words, with what to do. */
export function startFault(error: unknown): string {
  if (!(error instanceof Error)) return "the start failed";
  if (error.message === NOT_OPENED)
    return "the seal key is not the one that this data folder was made with: give that one with --seal-key, or run with the REMIT_HOME that holds it";
  if (!("code" in error) || error.code !== "EADDRINUSE" || !("port" in error)) return error.message;
  return `port ${String(error.port)} is taken by another program: stop that, or name another port (0: any)`;
}
