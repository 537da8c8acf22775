export { startBroker, type Started } from "./start.ts";
export { readConfigFolder } from "./config/read.ts";
export type { ConfigFault } from "./config/faults.ts";
