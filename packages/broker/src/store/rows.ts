import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";

/** A row of one of our own statements: what is in it is what our own schema put there. */
export type Row = Readonly<Record<string, SQLOutputValue>>;

/** Prepares statements once each. */
export function statements(db: DatabaseSync): (sql: string) => StatementSync {
  const prepared = new Map<string, StatementSync>();
  return (sql) => {
    const held = prepared.get(sql);
    if (held !== undefined) return held;
    const statement = db.prepare(sql);
    prepared.set(sql, statement);
    return statement;
  };
}

/** The statements of a connection, in the three ways that we use them. */
export interface Sql {
  one(sql: string, ...values: SQLInputValue[]): Row | undefined;
  all(sql: string, ...values: SQLInputValue[]): readonly Row[];
  /** Runs a writing statement and returns how many rows it changed. */
  run(sql: string, ...values: SQLInputValue[]): number;
}

export function sqlOf(db: DatabaseSync): Sql {
  const statement = statements(db);
  return {
    one: (sql, ...values) => statement(sql).get(...values),
    all: (sql, ...values) => statement(sql).all(...values),
    run: (sql, ...values) => Number(statement(sql).run(...values).changes),
  };
}

export const text = (row: Row, column: string): string => {
  const value = row[column];
  if (typeof value !== "string") throw new TypeError(`column \`${column}\` holds no text`);
  return value;
};

export const integer = (row: Row, column: string): number => {
  const value = row[column];
  if (typeof value !== "number") throw new TypeError(`column \`${column}\` holds no integer`);
  return value;
};

export const maybeText = (row: Row, column: string): string | undefined =>
  row[column] === null ? undefined : text(row, column);

export const maybeInteger = (row: Row, column: string): number | undefined =>
  row[column] === null ? undefined : integer(row, column);

export const bytes = (row: Row, column: string): Uint8Array => {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw new TypeError(`column \`${column}\` holds no bytes`);
  return value;
};

/** A list of texts that we wrote as JSON. */
export function texts(row: Row, column: string): readonly string[] {
  const value: unknown = JSON.parse(text(row, column));
  if (!Array.isArray(value)) throw new TypeError(`column \`${column}\` holds no list`);
  return value.map(String);
}
