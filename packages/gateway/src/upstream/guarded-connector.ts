import { lookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { buildConnector } from "undici";
import { mayConnect } from "./address.ts";

const refusedAddress = (): Error =>
  Object.assign(new Error("the address is not one that this connection may reach"), {
    code: "ERR_REMIT_ADDRESS",
  });

/** Checks the address three times: a literal before it is used, every resolved one, and the one that was connected. */
export function guardedConnector(loopbackOnly: boolean): buildConnector.connector {
  const guardedLookup: LookupFunction = (hostname, { all }, callback) => {
    lookup(hostname, { all: true }, (error, addresses) => {
      if (error !== null) return callback(error, [], 0);
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => mayConnect(address, loopbackOnly)))
        return callback(refusedAddress(), [], 0);
      return all === true ? callback(null, addresses, 0) : callback(null, first.address, first.family);
    });
  };
  // said aloud: neither an environment variable nor another default decides about the certificate
  const connect = buildConnector({ timeout: 5_000, lookup: guardedLookup, rejectUnauthorized: true, allowH2: false });
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, "");
    if (isIP(host) !== 0 && !mayConnect(host, loopbackOnly)) return callback(refusedAddress(), null);
    return connect(options, (error, socket) => {
      if (error !== null) return callback(error, null);
      const remote = socket.remoteAddress;
      if (remote === undefined || !mayConnect(remote, loopbackOnly)) {
        socket.destroy();
        return callback(refusedAddress(), null);
      }
      return callback(null, socket);
    });
  };
}
