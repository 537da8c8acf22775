import ipaddr from "ipaddr.js";

/** Whether a connection may go to an address: public unicast, or only this machine where a connection says so. */
export function mayConnect(address: string, loopbackOnly: boolean): boolean {
  if (!ipaddr.isValid(address)) return false;
  const range = ipaddr.process(address).range();
  return loopbackOnly ? range === "loopback" : range === "unicast";
}
