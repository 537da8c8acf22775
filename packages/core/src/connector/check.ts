import { actionsOf } from "./actions.ts";
import type { BatchSpec } from "./batch.ts";
import { checkOrder } from "./check-order.ts";
import type { Connector, OperationSpec, ParentSpec, RecordType, ResolveSpec, SideDoor } from "./connector.ts";
import type { GraphqlSpec } from "./graphql-spec.ts";
import { bodyNodes, memberSchemas, membersOf } from "./members.ts";
import type { ResponseSpec } from "./response.ts";
import { partNames } from "./spelling.ts";
import { mistake } from "./strict.ts";
import { matchTemplate, type PathTemplate, templateParts } from "./template.ts";

type Types = Connector["types"];

/** What no single member of a connector shows: that its parts fit each other. */
export function checkTypes(types: Types): void {
  for (const type of Object.values(types)) {
    const path = `types.${type.name}`;
    checkNames(type, path);
    for (const [name, parent] of Object.entries(type.parents)) checkParent(types, type, name, parent, path);
    if (type.resolve !== undefined) checkResolve(type, type.resolve, `${path}.resolve`);
    const doors = new Map<string, OperationSpec>();
    for (const operation of Object.values(type.operations)) {
      const at = `${path}.operations.${operation.name}`;
      checkDoor(doors, operation, at);
      checkOperation(types, type, operation, at);
    }
  }
}

/** A part that two spellings share is one part. */
function checkNames({ identifier, alias }: RecordType, path: string): void {
  const shared = Object.entries(alias?.parts ?? {}).find(
    ([name, part]) =>
      Object.hasOwn(identifier.parts, name) && JSON.stringify(identifier.parts[name]) !== JSON.stringify(part),
  );
  if (shared !== undefined) mistake(`${path}.alias`, `\`${shared[0]}\` is spelled otherwise in the identifier`);
}

/** A parent is looked up like any record, so it is a type with its own `resolve`. */
function checkParent(types: Types, type: RecordType, name: string, parent: ParentSpec, path: string): void {
  const at = `${path}.parents.${name}`;
  const above = Object.hasOwn(types, name) ? types[name] : undefined;
  if (above === undefined) return mistake(at, "is not a type of this connector");
  if (above.resolve === undefined) mistake(at, "is a type without `resolve`");
  if (
    parent.by === "part" &&
    (!Object.hasOwn(type.identifier.parts, parent.part) || Object.keys(above.identifier.parts).length !== 1)
  )
    mistake(at, "is a part of the identifier that is the whole identifier of the parent");
  if (parent.by === "list") checkSent(parent.path, above, [], at);
  if (parent.by === "list" && Object.keys(type.identifier.parts).length !== 1)
    mistake(at, "needs an identifier of one part");
}

function checkResolve(type: RecordType, { steps }: ResolveSpec, path: string): void {
  const needed = new Set([...Object.keys(type.identifier.parts), ...Object.keys(type.alias?.parts ?? {})]);
  const allowed = new Set([...needed, "record"]);
  for (const step of steps) {
    for (const used of [...step.paths.flatMap(templateParts), ...Object.values(step.query).flatMap(partNames)])
      if (!allowed.has(used)) mistake(path, `\`${used}\` is no part of a name of this type`);
  }
  const given = steps.flatMap(({ gives }) => gives.flatMap(({ text }) => partNames(text)));
  const odd = given.find((name) => !needed.has(name));
  if (odd !== undefined) mistake(path, `\`${odd}\` is no part of a name of this type`);
  const missing = [...needed].find((name) => !given.includes(name));
  if (missing !== undefined) mistake(path, `no answer gives \`${missing}\``);
}

/** One door is one operation, or several that their bodies tell apart. */
function checkDoor(doors: Map<string, OperationSpec>, operation: OperationSpec, at: string): void {
  for (const { text } of operation.accept) {
    const door = `${operation.method} ${text}`;
    const other = doors.get(door);
    if (other !== undefined && (other.body === undefined || operation.body === undefined))
      mistake(at, `\`${door}\` is an operation already`);
    doors.set(door, operation);
  }
}

function checkOperation(types: Types, type: RecordType, operation: OperationSpec, at: string): void {
  if (operation.graphql !== undefined) return checkGraphql(type, operation.graphql, `${at}.graphql`);
  if (operation.body !== undefined && (operation.method === "GET" || operation.method === "DELETE"))
    mistake(`${at}.body`, "does not go with this method");
  if (operation.class === "read" && operation.method !== "GET") mistake(`${at}.class`, "a read is a GET");
  const { listOf } = operation;
  const above = listOf === undefined ? type : Object.hasOwn(type.parents, listOf) ? types[listOf] : undefined;
  if (above === undefined) return mistake(`${at}.list_of`, "is not a parent of this type");
  if ((listOf !== undefined) !== (operation.response.kind === "records"))
    mistake(`${at}.response`, "is `records` exactly where the operation has `list_of`");
  checkSent(operation.path, above, Object.keys(operation.params), `${at}.path`);
  for (const accepted of operation.accept)
    checkAccepted(accepted, above, Object.keys(operation.params), `${at}.accept`);
  for (const parameter of Object.values(operation.query))
    if (parameter.kind === "value" && parameter.reads !== undefined && !isReadable(type, parameter.reads))
      mistake(`${at}.query`, `\`${parameter.reads}\` is not a field that is read`);
  const places = membersOf(type, operation).map(([pointer]) => pointer);
  const twice = places.find((pointer, index) => places.indexOf(pointer) !== index);
  if (twice !== undefined) mistake(at, `takes \`${twice}\` from two places`);
  checkBodyNodes(types, type, operation, at);
  checkOrder(type, operation, at);
  checkAnswer(type, operation.response, at);
  if (operation.precondition === "atomic" && type.resolve?.version === undefined)
    mistake(`${at}.precondition`, "needs a `version` in `resolve`");
}

/** A query names its record by all parts of one of its names, and its answer says all of the identifier. */
function checkGraphql(type: RecordType, { steps, fields }: GraphqlSpec, at: string): void {
  const names = steps.flatMap((step) => Object.values(step.arguments).map(({ part }) => part));
  const ways = [type.identifier, ...(type.alias === undefined ? [] : [type.alias])].map(({ parts }) =>
    Object.keys(parts),
  );
  if (!ways.some((way) => way.toSorted().join() === names.toSorted().join()))
    mistake(`${at}.steps`, "name all parts of the identifier, or all of the alias");
  const said = steps.flatMap(({ identity }) => Object.keys(identity).flatMap(partNames));
  const unsaid = Object.keys(type.identifier.parts).find((part) => !said.includes(part));
  if (unsaid !== undefined || said.some((part) => !Object.hasOwn(type.identifier.parts, part)))
    mistake(`${at}.steps`, "ask for all parts of the identifier, and for nothing else, as `identity`");
  const odd = Object.values(fields).find(({ field }) => type.fields[field]?.read === undefined);
  if (odd !== undefined) mistake(`${at}.fields`, `\`${odd.field}\` is not a field that is read`);
}

const isReadable = ({ fields }: RecordType, name: string): boolean =>
  Object.hasOwn(fields, name) && fields[name]?.read !== undefined;

/** What is sent is addressed by the identifier, all of it. */
function checkSent(template: PathTemplate, type: RecordType, params: readonly string[], at: string): void {
  const names = templateParts(template).filter((name) => !params.includes(name));
  const whole = Object.keys(type.identifier.parts);
  const short = names.length === 1 && names[0] === "record";
  if (!short && names.toSorted().join() !== whole.toSorted().join())
    mistake(at, "is made of `{record}`, or of all parts of the identifier");
}

function checkAccepted(template: PathTemplate, type: RecordType, params: readonly string[], at: string): void {
  const names = templateParts(template).filter((name) => !params.includes(name));
  const ways = [
    ["record"],
    Object.keys(type.identifier.parts),
    ...(type.alias === undefined ? [] : [Object.keys(type.alias.parts)]),
  ];
  if (!ways.some((way) => way.toSorted().join() === names.toSorted().join()))
    mistake(at, "is made of `{record}`, of all parts of the identifier, or of all parts of the alias");
}

function checkBodyNodes(types: Types, type: RecordType, operation: OperationSpec, at: string): void {
  for (const node of bodyNodes(operation)) {
    if (node.kind === "fields") {
      const odd = node.only?.find((name) => type.fields[name]?.write === undefined);
      if (odd !== undefined) mistake(`${at}.body`, `\`${odd}\` is not a field that is written`);
    }
    if (node.kind === "record") {
      const other = Object.hasOwn(types, node.type) ? types[node.type] : undefined;
      if (other === undefined || (node.form === "alias" && other.alias === undefined))
        return mistake(`${at}.body`, `\`${node.type}\` is not a type with such a name`);
      if (!actionsOf(other).includes(node.action))
        mistake(`${at}.body`, `\`${node.action}\` is not an action of \`${node.type}\``);
    }
    if (node.kind !== "object" && node.kind !== "opaque") continue;
    const needs = Object.values(node.members).flatMap((member) => member.needs ?? []);
    const odd = needs.find((action) => !actionsOf(type).includes(action));
    if (odd !== undefined) mistake(`${at}.body`, `\`${odd}\` is not an action of this type`);
  }
}

/** Fields are released because they are granted; what is kept always must not hold them, nor be held by them. */
function checkAnswer(type: RecordType, response: ResponseSpec, at: string): void {
  if (response.kind === "list" && response.only !== undefined) {
    const { action, member } = response.only;
    if (memberSchemas(type, action)[member] === undefined)
      mistake(`${at}.response.only`, "names a value that the action does not have");
  }
  if (
    (response.kind === "list" || response.kind === "records") &&
    Object.keys(response.keep).some(touches(response.at))
  )
    mistake(`${at}.response.keep`, "holds the list, or a part of it");
  if (response.kind !== "record" && response.kind !== "records") return;
  const names = response.id.flatMap(({ text }) => partNames(text));
  const odd = names.find((name) => !Object.hasOwn(type.identifier.parts, name));
  if (odd !== undefined) mistake(`${at}.response.id`, `\`${odd}\` is no part of the identifier`);
  const places = Object.values(type.fields).map((field) => response.fields + field.at);
  const overlap = Object.keys(response.kind === "record" ? response.keep : response.item).find((kept) =>
    [response.fields, ...places].some(
      (place) => `${place}/`.startsWith(`${kept}/`) || (place !== response.fields && touches(place)(kept)),
    ),
  );
  if (overlap !== undefined) mistake(`${at}.response.keep`, `\`${overlap}\` overlaps the fields`);
  const stray =
    response.kind === "records"
      ? Object.keys(response.parents).find((name) => type.parents[name]?.by !== "answer")
      : undefined;
  if (stray !== undefined) mistake(`${at}.response.parents`, `\`${stray}\` is no parent that an answer names`);
}

/** Whether one of two places is within the other. */
const touches =
  (one: string) =>
  (other: string): boolean =>
    `${one}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${one}/`);

/** What is said to be closed is no operation and no batch; what is a batch is no operation. */
export function checkClosed(doors: readonly SideDoor[], batches: readonly BatchSpec[], types: Types): void {
  const open = Object.values(types).flatMap(({ operations }) =>
    Object.values(operations).flatMap(({ method, accept }) => accept.map((template) => ({ method, template }))),
  );
  const isOpen = (method: string, path: string): boolean =>
    open.some((one) => one.method === method && matchTemplate(one.template, path.slice(1).split("/")) !== undefined);
  const taken = batches.flatMap(({ accept }) => accept);
  const both = doors.findIndex(
    ({ method, path }) =>
      open.some((one) => one.method === method && one.template.text === path) ||
      (method === "POST" && taken.includes(path)),
  );
  if (both !== -1) mistake(`side_doors[${both}]`, "is an operation too");
  const shared = taken.find((path) => isOpen("POST", path));
  if (shared !== undefined || new Set(taken).size !== taken.length)
    mistake("batches", "have a path that is something else too");
}
