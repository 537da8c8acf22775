export { issueToken, type IssuedToken, logIn, newAgent, type Seat, type TokenRequest } from "./agents.ts";
export { type FixedClock, fixedClock, type FixedStanding, fixedStanding } from "./clock.ts";
export { type ConfigFiles, LOGIN_CLIENT, TEST_CLIENT } from "./configuration.ts";
export type { Hold } from "./gate.ts";
export { HOSTILITIES, type HostileMeans, type Hostility, misbehave } from "./hostility.ts";
export { type People, startIssuer, type TestIssuer } from "./issuer.ts";
export { newPoint, type TestPoint } from "./point.ts";
export { type Ended, type Program, programFile, remit, startProgram } from "./program.ts";
export type { TestProcess } from "./process.ts";
export { type RemitOptions, startRemit, type TestRemit, UPSTREAM_USER } from "./remit.ts";
export { until } from "./until.ts";
export {
  type HostileUpstream,
  hostileUpstream,
  type Received,
  type UpstreamAnswer,
  type UpstreamOptions,
} from "./upstream.ts";
