import { connect, type Socket } from "node:net";
import { once } from "node:events";

/** A client that writes bytes as they are and reads one answer for them; it opens a new connection when it must. */
export interface RawClient {
  /** The status of the answer, or 0 where the connection was closed without one. */
  exchange(
    bytes: Buffer,
    more: ExchangeOptions,
  ): Promise<{ readonly status: number; readonly nonce: string | undefined }>;
  close(): void;
}

export interface ExchangeOptions {
  /** The answer has no body, whatever length it announces (RFC 9110 9.3.2). */
  readonly bodiless: boolean;
  /** The bytes may announce more than they are: nothing comes after them. */
  readonly last: boolean;
}

export function createRawClient(port: number): RawClient {
  let socket: Socket | undefined;
  const open = async (): Promise<Socket> => {
    if (socket !== undefined && !socket.destroyed && socket.writable) return socket;
    const opened = connect(port, "127.0.0.1");
    opened.setNoDelay(true);
    await once(opened, "connect");
    socket = opened;
    return opened;
  };
  return {
    async exchange(bytes, { bodiless, last }) {
      const own = await open();
      const { promise, resolve } = Promise.withResolvers<string>();
      let text = "";
      const onData = (chunk: Buffer): void => {
        text += chunk.toString("latin1");
        if (isWhole(text, bodiless)) resolve(text);
      };
      const over = (): void => resolve(text);
      own.on("data", onData).once("close", over).once("error", over);
      if (last) own.end(bytes);
      else own.write(bytes);
      const answer = await promise;
      own.off("data", onData).off("close", over).off("error", over);
      // what the connection says next could be the answer to what was hidden in these bytes
      if (answer === "" || /\r\nconnection: close\r\n/i.test(answer)) own.on("error", () => undefined).destroy();
      return {
        status: Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0),
        nonce: /\r\ndpop-nonce: ([^\r]+)/i.exec(answer)?.[1],
      };
    },
    close: () => socket?.destroy(),
  };
}

/** Whether a text holds a head and all of the body that it announces. */
function isWhole(text: string, bodiless: boolean): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return false;
  const head = text.slice(0, end);
  if (/^HTTP\/1\.1 100/.test(head)) return isWhole(text.slice(end + 4), bodiless);
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
  return text.length >= end + 4 + (bodiless ? 0 : length);
}
