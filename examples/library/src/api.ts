import { findLoan, findMember, type Loan, type Note, type Shelves } from "./shelves.ts";

export interface LibraryRequest {
  readonly method: string;
  /** Segments of the path after `/v1/`, decoded. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly ifMatch: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface LibraryAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly etag?: string;
}

const missing: LibraryAnswer = { status: 404, body: { error: "not found" } };

/** Answers as many a grown API does: generous, with several ways to the same record and some to all of them. */
export function answerLibrary(shelves: Shelves, request: LibraryRequest): LibraryAnswer {
  const [kind = "", name = "", door = ""] = request.path;
  switch (`${request.method} ${kind}`) {
    case "GET search":
      return { status: 200, body: search(shelves, request.query.get("q") ?? "") };
    case "POST bulk":
      return bulk(shelves, request.body);
    case "POST exports":
      return { status: 200, body: { members: [...shelves.members.values()], loans: [...shelves.loans.values()] } };
    case "POST hooks":
    case "POST keys":
      return { status: 201, body: { id: 1 } };
    case "GET members":
      return name === "" ? { status: 200, body: [...shelves.members.values()] } : answerMember(shelves, name, door);
  }
  if (kind !== "loans") return missing;
  if (name === "") return request.method === "GET" ? { status: 200, body: listed(shelves, request.query) } : missing;
  const loan = findLoan(shelves, name);
  return loan === undefined ? missing : answerLoan(shelves, loan, door, request);
}

function answerMember(shelves: Shelves, name: string, door: string): LibraryAnswer {
  const member = findMember(shelves, name);
  if (member === undefined) return missing;
  if (door === "") return { status: 200, body: member };
  const loans = [...shelves.loans.values()].filter((loan) => loan.member === member.id);
  return door === "loans" ? { status: 200, body: loans.map((loan) => view(shelves, loan)) } : missing;
}

function answerLoan(shelves: Shelves, loan: Loan, door: string, request: LibraryRequest): LibraryAnswer {
  switch (`${request.method} ${door}`) {
    case "GET ":
      return shown(shelves, loan);
    case "PATCH ":
      return edit(shelves, loan, request);
    case "DELETE ":
      shelves.loans.delete(loan.id);
      return { status: 204 };
    case "POST renewals":
      return change(shelves, loan, {
        due: plusWeeks(loan.due, Number(request.body["weeks"])),
        renewals: loan.renewals + 1,
      });
    case "GET notes":
      return { status: 200, body: shelves.notes.filter((note) => note.loan === loan.id) };
    case "POST notes":
      return addNote(shelves, loan, request.body);
    default:
      return missing;
  }
}

/** What stands in every answer about a loan: more than most callers need, the borrower's address included. */
function view(shelves: Shelves, loan: Loan): Record<string, unknown> {
  const { member, version, ...rest } = loan;
  return {
    ...rest,
    member: shelves.members.get(member),
    member_id: member,
    version,
    also_out: [...shelves.loans.values()].filter((other) => other.member === member && other.id !== loan.id),
    links: { self: `/v1/loans/${loan.id}`, member: `/v1/members/${member}` },
  };
}

const shown = (shelves: Shelves, loan: Loan): LibraryAnswer => ({
  status: 200,
  body: view(shelves, loan),
  etag: `"${loan.version}"`,
});

/** Takes every member that a loan has, also the one that makes it somebody else's. */
function edit(shelves: Shelves, loan: Loan, { body, ifMatch }: LibraryRequest): LibraryAnswer {
  if (ifMatch !== undefined && ifMatch !== `"${loan.version}"`)
    return { status: 412, body: { error: "the loan has changed" } };
  const errors = Object.keys(body).filter((name) => !["due", "status", "remark", "member_id", "title"].includes(name));
  if (errors.length > 0)
    return { status: 422, body: { errors: errors.map((field) => ({ field, problem: "unknown" })) } };
  const { member_id: member, ...rest } = body;
  return change(shelves, loan, { ...rest, ...(typeof member === "number" ? { member } : {}) });
}

function change(shelves: Shelves, loan: Loan, changes: Partial<Loan>): LibraryAnswer {
  const changed = { ...loan, ...changes, version: loan.version + 1 };
  shelves.loans.set(loan.id, changed);
  return shown(shelves, changed);
}

function addNote(shelves: Shelves, loan: Loan, body: LibraryRequest["body"]): LibraryAnswer {
  const note: Note = { id: shelves.notes.length + 1, loan: loan.id, text: String(body["text"]) };
  shelves.notes.push(note);
  return { status: 201, body: { ...note, loan: { id: loan.id, slip: loan.slip, title: loan.title } } };
}

function bulk(shelves: Shelves, { ids, set }: LibraryRequest["body"]): LibraryAnswer {
  const chosen = (Array.isArray(ids) ? ids : []).map((id) => findLoan(shelves, String(id)));
  for (const loan of chosen) if (loan !== undefined && typeof set === "object") change(shelves, loan, { ...set });
  return { status: 200, body: { changed: chosen.length } };
}

const search = (shelves: Shelves, words: string): unknown => {
  const loans = [...shelves.loans.values()].filter((loan) => JSON.stringify(loan).includes(words));
  return { total: loans.length, loans: loans.map((loan) => view(shelves, loan)) };
};

/** `?ids=1,2` is one more way to read loans. */
function listed(shelves: Shelves, query: URLSearchParams): unknown {
  const ids = query.get("ids")?.split(",");
  return [...shelves.loans.values()]
    .filter((loan) => ids === undefined || ids.includes(String(loan.id)))
    .map((loan) => view(shelves, loan));
}

function plusWeeks(date: string, weeks: number): string {
  const day = Date.parse(date) + weeks * 7 * 86_400_000;
  return Number.isNaN(day) ? date : new Date(day).toISOString().slice(0, 10);
}
