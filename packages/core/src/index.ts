export {
  type ConnectorLookup,
  type KnownType,
  MAX_ENTRIES,
  parseAsked,
  parseAuthority,
  parseHeld,
} from "./authority/parse.ts";
export { constraintWithin, printConstraint, readConstraint, satisfies } from "./authority/constraint.ts";
export type { AskedEntry, Authority, Constraint, Entry, Limits, RecordScope, Where } from "./authority/entry.ts";
export { describe, shown } from "./authority/describe.ts";
export { asDetails } from "./authority/sufficient.ts";
export { printAuthority } from "./authority/print.ts";
export { isWithin, narrow, type NarrowFault, type ParentsOf } from "./authority/narrow.ts";
export { proven, supposeInside } from "./authority/inside.ts";
export { type Permitted, permits } from "./authority/permits.ts";
export {
  type Checkpoint,
  type CheckpointFault,
  type LogKey,
  signCheckpoint,
  verifyCheckpoint,
  type VerifyEd25519,
} from "./audit/checkpoint.ts";
export { type LogFault, type LogRecord, readRecordLine, recordLine, verifyLog } from "./audit/log.ts";
export {
  appendLeaf,
  consistencyProof,
  EMPTY_FRONTIER,
  type Frontier,
  inclusionProof,
  leafHash,
  nodeHash,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from "./audit/tree.ts";
export {
  concatBytes,
  equalBytes,
  fromBase64,
  fromBase64url,
  readUtf8,
  type Sha256,
  toBase64,
  toBase64url,
  toHex,
  utf8,
} from "./bytes.ts";
export { MAX_TOKEN_BYTES, printTokenClaims, readTokenClaims, type TokenClaims } from "./claims.ts";
export { batchAnswer, batchAt, type BatchPart, callOfPart, partRefusal, partsOfBatch } from "./call/batch.ts";
export { type BatchSpec } from "./connector/batch.ts";
export { type CallRequest, decideCall, missingApproval, type Reads, type Terms } from "./call/decide.ts";
export { decideByAnswer, entryFor } from "./call/decide-inside.ts";
export type { Decided, Inside } from "./call/decided.ts";
export { type Ask, type FindFault, findRecord, type FoundRecord, type OwnAnswer } from "./call/find-record.ts";
export { readJsonBody } from "./call/json-body.ts";
export { isMeaning, listIn, meaningIn, withMeanings } from "./call/meaning.ts";
export { mapUpstreamError, rateLimited } from "./call/errors.ts";
export { type FlatLeaf, type FlatQuery, type FlatStep, graphqlAt, nameGraphql, shapeGraphql } from "./call/graphql.ts";
export { identifierIn, isExpected, nameText, parentsOf, partsIn } from "./call/identity.ts";
export { BARE_PRIMITIVES, type DecisionPrimitives } from "./call/name-call.ts";
export { NO_PRIMITIVES, nameOperation, type ResourceName } from "./call/name-operation.ts";
export type { CallPrimitives, GraphqlShape, Named, OpenedArchive, OpenLookup } from "./call/named.ts";
export { project, type Released } from "./call/project.ts";
export type { Projection } from "./call/project-fields.ts";
export { type Proof as RecordProof, proofIn, proveRecord } from "./call/prove.ts";
export { fieldsToRead, rebuild, recordPath, type SentRoles, type UpstreamRequest } from "./call/rebuild.ts";
export { isNameOf, route, type Routed } from "./call/route.ts";
export type { RewriteLink } from "./call/values.ts";
export { actionsOf } from "./connector/actions.ts";
export type {
  ArchiveNode,
  BodyMember,
  BodyNode,
  BodySpec,
  EntryKey,
  Lookup,
  OpaqueNode,
  RecordNode,
} from "./connector/body.ts";
export {
  type Connector,
  type Field,
  INJECTION_FORMS,
  type OperationSpec,
  type ParentSpec,
  type PathParameter,
  type QueryParameter,
  type RateLimit,
  type RecordType,
  type ResolveSpec,
  type ResolveStep,
  type SideDoor,
} from "./connector/connector.ts";
export type { GraphqlArgument, GraphqlField, GraphqlSpec, GraphqlStep } from "./connector/graphql-spec.ts";
export { callableTypes, memberSchemas, nameableTypes } from "./connector/members.ts";
export type {
  Expected,
  IdentityAt,
  ListResponse,
  RecordResponse,
  RecordsResponse,
  ResponseSpec,
} from "./connector/response.ts";
export { type ObjectSchema, schemaAt, type ValueSchema } from "./connector/schema.ts";
export {
  isSpelled,
  type Part,
  partNames,
  type Parts,
  printSpelled,
  readSpelled,
  type Spelling,
} from "./connector/spelling.ts";
export { matchTemplate, type PathTemplate, printTemplate, readTemplate, templateParts } from "./connector/template.ts";
export { parseConnector } from "./connector/parse.ts";
export { type RawRequest } from "./judge/calls-in.ts";
export { type Judged, judgeRequest, type KnownAnswers, nothingKnown, sentFor, type Unknown } from "./judge/judge.ts";
export { knownAnswers } from "./judge/known-answers.ts";
export { knownTypesOf, placeOf } from "./judge/known-types.ts";
export { type MustKind, type MustList, parseMustList } from "./judge/must-list.ts";
export { openDoors } from "./judge/open-doors.ts";
export { type Knowledge, type Proposal, propose } from "./judge/propose.ts";
export { type RowOutcome, runMustList } from "./judge/run-must-list.ts";
export { namedRecord, printAsked, supposeNamed } from "./judge/suppose.ts";
export {
  createProofMemory,
  type DpopExpectation,
  type DpopFault,
  judgeProof,
  type Proof,
  type ProofMemory,
  readDpopProof,
  type UnverifiedProof,
  verifyProof,
} from "./dpop.ts";
export { createGenerations, type Generations } from "./generations.ts";
export { type HandlePrefix, HANDLE_PREFIXES, isHandle, makeHandle } from "./handle.ts";
export { decodeForm, type Head, type HeadFault, type QueryPair, readHead } from "./http-head.ts";
export { createIdBytes } from "./id-bytes.ts";
export { ID_PREFIXES, type IdPrefix, isId, makeId } from "./id.ts";
export { atPointer, canonicalJson, jsonEqual } from "./json/canonical.ts";
export {
  isJsonObject,
  type Json,
  JSON_LIMITS,
  type JsonFault,
  type JsonLimits,
  type JsonObject,
  readJson,
} from "./json/read.ts";
export { algorithmOf, type PublicJwk, readPublicJwk, thumbprint } from "./jwk.ts";
export {
  type JwsAlgorithm,
  type JwsFault,
  type JwsHeader,
  readJws,
  signJws,
  signJwsText,
  type UnverifiedJws,
  type Verified,
  verifyJws,
  type VerifySignature,
} from "./jws.ts";
export type { Operation, OperationClass, OperationRecord } from "./operation.ts";
export { type Refusal, type RefusalCode, REFUSALS, type RefusalSide, refuse, type Sufficient } from "./refusal.ts";
export { err, ok, type Result } from "./result.ts";
export { Secret } from "./secret.ts";
export { SeenSet } from "./seen-set.ts";
export { type ArchivePrimitives, archiveOpener } from "./archive/open.ts";
export type { ArchiveFault } from "./archive/document.ts";
