/** One call of a recording, as it is written down for a test. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly base64?: boolean;
  readonly answer?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly origin?: string;
}

const pairs = (headers: Readonly<Record<string, string>>): readonly object[] =>
  Object.entries(headers).map(([name, value]) => ({ name, value }));

/** A HAR 1.2 file with these calls, with everything that a browser writes down besides. */
export const recording = (calls: readonly Call[], more: Readonly<Record<string, string>> = {}): object => ({
  log: {
    version: "1.2",
    creator: { name: "a test", version: "1" },
    pages: [],
    entries: calls.map(({ method, path, body, base64 = false, answer, headers = {}, origin }) => ({
      ...{ startedDateTime: "2026-01-01T00:00:00.000Z", time: 12.345_000_000_000_001, cache: {}, _initiator: {} },
      timings: { send: 0, wait: 12.3, receive: 0 },
      request: {
        ...{ method, url: `${origin ?? "https://desk.example"}${path}`, httpVersion: "HTTP/2", cookies: [] },
        headers: pairs({ ":method": method, accept: "application/json", ...more, ...headers }),
        ...{ queryString: [], headersSize: -1, bodySize: body?.length ?? 0 },
        ...(body === undefined ? {} : { postData: posted(body, base64) }),
      },
      response: {
        ...{ status: 200, statusText: "", httpVersion: "HTTP/2", cookies: [], redirectURL: "" },
        ...{ headersSize: -1, bodySize: -1, headers: [] },
        content: {
          size: 1,
          mimeType: "application/json",
          ...(answer === undefined ? {} : { text: JSON.stringify(answer) }),
        },
      },
    })),
  },
});

const posted = (body: string, base64: boolean): object => ({
  mimeType: "application/json",
  ...(base64 ? { text: Buffer.from(body).toString("base64"), encoding: "base64" } : { text: body }),
});
