import { join } from "node:path";
import {
  type ArrowFunction,
  type CallExpression,
  type Expression,
  type Node,
  type SourceFile,
  SyntaxKind,
} from "typescript/unstable/ast";
import * as is from "typescript/unstable/ast/is";
import { API } from "typescript/unstable/sync";
import { read, ROOT } from "../lib/files.ts";

// Finds each single check of a source file, by its form alone.

/** One check, and what stands in its place when it is away. */
export interface Mutant {
  readonly file: string;
  /** The function that it is in. */
  readonly within: string;
  /** The text of the check. */
  readonly check: string;
  readonly to: string;
  /** Which one of several that read the same; from 1. */
  readonly nth: number;
  readonly from: number;
  readonly end: number;
}

const CORE = "packages/core/src/";

/** What reads a request, rebuilds it, and projects its answer. */
export const READERS: readonly string[] = [
  ...["http-head", "json/read", "json/decimal", "connector/spelling", "connector/template", "call/route"],
  ...["call/read-parameters", "call/read-body", "call/read-document", "call/json-body", "call/name-operation"],
  ...["call/rebuild", "call/values", "call/made-text", "call/identity"],
  ...["call/project", "call/project-fields", "call/project-records"],
].map((name) => `${CORE}${name}.ts`);

/** How a check is called: what it is, and where. */
export const titleOf = ({ file, within, check, to, nth }: Mutant): string =>
  `${file.replace(CORE, "")} ${within}: ${check} → ${to}${nth === 1 ? "" : ` (${nth})`}`;

/** The checks of these files, in their order. */
export function findMutants(files: readonly string[]): readonly Mutant[] {
  const api = new API({ cwd: ROOT });
  try {
    const [project] = api.updateSnapshot({ openProjects: [join(ROOT, "tsconfig.json")] }).getProjects();
    return files.flatMap((file) => {
      const source = project?.program.getSourceFile(join(ROOT, file));
      if (source === undefined) throw new Error(`\`${file}\` is not in the project`);
      return mutantsIn(source, file, read(file));
    });
  } finally {
    api.close();
  }
}

function mutantsIn(source: SourceFile, file: string, text: string): readonly Mutant[] {
  const found = new Map<string, Mutant>();
  const visit = (node: Node, within: string, isPredicate: boolean): void => {
    for (const [at, to] of checksAt(node, isPredicate)) {
      const [from, end] = [at.getStart(source), at.end];
      const check = text.slice(from, end).replaceAll(/\s+/g, " ");
      found.set(`${from} ${end} ${to}`, { file, within, check, to, nth: 1, from, end });
    }
    node.forEachChild((child) => {
      const name = nameOf(node, source);
      visit(child, name ?? within, isFunction(node) ? saysYesOrNo(node) : isPredicate);
    });
  };
  visit(source, "the file", false);
  const sorted = [...found.values()].toSorted((one, other) => one.from - other.from);
  const same = (one: Mutant, other: Mutant): boolean =>
    one.within === other.within && one.check === other.check && one.to === other.to;
  return sorted.map((one, at) => ({ ...one, nth: sorted.slice(0, at + 1).filter((other) => same(one, other)).length }));
}

type Check = readonly [at: Node, to: string];

function checksAt(node: Node, isPredicate: boolean): readonly Check[] {
  if (is.isIfStatement(node)) return isShortWay(node.thenStatement) ? [] : [[node.expression, "false"]];
  if (is.isBinaryExpression(node)) return operands(node.left, node.operatorToken.kind, node.right);
  if (is.isConditionalExpression(node)) return branch(node.condition, node.whenTrue, node.whenFalse);
  if (is.isCallExpression(node)) return callback(node);
  if (is.isReturnStatement(node)) return isPredicate ? answers(node.expression) : [];
  if (is.isArrowFunction(node)) return saysYesOrNo(node) && !is.isBlock(node.body) ? answers(node.body) : [];
  if (is.isArrayLiteralExpression(node) && node.elements.every((one) => is.isStringLiteral(one)))
    return node.elements.map((one) => [one, "nothing"]);
  return [];
}

const isFunction = (node: Node): node is ArrowFunction => is.isFunctionDeclaration(node) || is.isArrowFunction(node);

const nameOf = (node: Node, source: SourceFile): string | undefined =>
  (is.isFunctionDeclaration(node) || is.isVariableDeclaration(node)) && node.name !== undefined
    ? node.name.getText(source)
    : undefined;

/** Whether a function says of itself that it returns a boolean. */
const saysYesOrNo = ({ type }: ArrowFunction): boolean =>
  type !== undefined && (type.kind === SyntaxKind.BooleanKeyword || is.isTypePredicateNode(type));

/** Whether a statement answers well before the end. */
const isShortWay = (node: Node): boolean =>
  is.isReturnStatement(node) &&
  node.expression !== undefined &&
  is.isCallExpression(node.expression) &&
  calledName(node.expression) === "ok";

function operands(left: Expression, operator: SyntaxKind, right: Expression): readonly Check[] {
  if (operator === SyntaxKind.QuestionQuestionToken) {
    const calls = [left, right].filter((one) => is.isCallExpression(one));
    return calls.length === 2 || isChain(left, operator) ? calls.map((one) => [one, "undefined"]) : [];
  }
  const neutral = operator === SyntaxKind.AmpersandAmpersandToken ? "true" : "false";
  if (operator !== SyntaxKind.AmpersandAmpersandToken && operator !== SyntaxKind.BarBarToken) return [];
  return [left, right].filter((one) => !isChain(one, operator)).map((one) => [one, neutral]);
}

const isChain = (node: Node, operator: SyntaxKind): boolean =>
  is.isBinaryExpression(node) && node.operatorToken.kind === operator;

/** The branch that refuses is never taken; where none does, each is always taken. */
function branch(condition: Expression, whenTrue: Expression, whenFalse: Expression): readonly Check[] {
  const [yes, no] = [refuses(whenTrue), refuses(whenFalse)];
  return yes === no ? always(condition) : [[condition, yes > no ? "false" : "true"]];
}

/** How much an expression looks like a refusal: the call of a fault more than an empty value. */
function refuses(node: Expression): number {
  if (is.isCallExpression(node)) return /^(?:err|refuse|\w*Fault|otherForm|notWritten)$/.test(calledName(node)) ? 2 : 0;
  if (is.isArrayLiteralExpression(node)) return node.elements.length === 0 ? 1 : 0;
  if (is.isIdentifier(node)) return node.text === "undefined" ? 1 : 0;
  return node.kind === SyntaxKind.FalseKeyword || node.kind === SyntaxKind.NullKeyword ? 1 : 0;
}

const calledName = ({ expression }: CallExpression): string =>
  is.isIdentifier(expression) ? expression.text : is.isPropertyAccessExpression(expression) ? expression.name.text : "";

const NEUTRAL: Readonly<Record<string, string>> = { filter: "true", every: "true", some: "false", find: "false" };

function callback(node: CallExpression): readonly Check[] {
  const to = NEUTRAL[calledName(node)];
  return node.arguments.flatMap((one): readonly Check[] =>
    to === undefined || !is.isArrowFunction(one) || is.isBlock(one.body) ? [] : [[one.body, to]],
  );
}

/** Nothing is refused, and nothing is accepted. */
const answers = (node: Node | undefined): readonly Check[] =>
  node === undefined || node.kind === SyntaxKind.TrueKeyword || node.kind === SyntaxKind.FalseKeyword
    ? []
    : always(node);

const always = (node: Node): readonly Check[] => [
  [node, "true"],
  [node, "false"],
];
