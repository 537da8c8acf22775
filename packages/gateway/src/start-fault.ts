/** Why a start failed, for whoever started it: a port that is taken is said as such, with what to do. */
export function startFault(error: unknown): string {
  if (!(error instanceof Error)) return "the start failed";
  if (!("code" in error) || error.code !== "EADDRINUSE" || !("port" in error)) return error.message;
  return `port ${String(error.port)} is taken by another program: stop that, or name another port (0: any)`;
}
