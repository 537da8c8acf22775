export { dpopKeyOf, type DpopKey, dpopProof, makeDpopKey, type ProofRequest } from "./agent/dpop.ts";
export { refusalFrom, refusalOf, RemitError } from "./agent/errors.ts";
export type { Agent, AgentOptions, EndedTask, ExchangeRequest, HeldToken, TaskRequest } from "./agent/words.ts";
export { createAgent } from "./agent/agent.ts";
export { callPrimitives } from "./archive.ts";
export { importPublic, publicJwk, sha256, signerOf, verifierOf, verifyEd25519 } from "./crypto.ts";
export { wwwAuthenticate } from "./enforce/challenge.ts";
export { createNonces, NONCE_LIFE_SECONDS, type Nonces } from "./enforce/nonces.ts";
export {
  createVerifier,
  type PresentedCall,
  type Standing,
  type VerifiedCall,
  type Verifier,
  type VerifierOptions,
} from "./enforce/verifier.ts";
export { boundOf, type Bounds, type Position } from "./liveness/freshness.ts";
export {
  createLiveness,
  type EndListener,
  type Liveness,
  type LivenessFault,
  type LivenessOptions,
} from "./liveness/liveness.ts";
export {
  createRevocations,
  type FeedBatch,
  type FeedFault,
  readBatch,
  type RevocationItem,
  type Revocations,
} from "./liveness/revocations.ts";
export { hashOfBatch } from "./liveness/feed-words.ts";
export { createPointChannel, type PointChannelOptions } from "./point/channel.ts";
export { readTokenKeys } from "./point/answers.ts";
export { pinOf, readSuccession, type Succession, type TrustFault } from "./point/succession.ts";
export {
  type Applied,
  ChannelError,
  type FeedChannel,
  type FeedLine,
  type Hello,
  type InFlight,
  type PointChannel,
  type ResolveRequest,
  type TokenKeys,
  type Welcome,
} from "./point/words.ts";
