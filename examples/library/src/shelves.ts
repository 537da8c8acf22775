/** Somebody who borrows books. */
export interface Member {
  readonly id: number;
  /** Number on the card, which people use; a lost card is replaced by another. */
  readonly card: string;
  readonly name: string;
  readonly email: string;
  readonly standing: "good" | "suspended";
}

/** A book that somebody has. */
export interface Loan {
  readonly id: number;
  /** What is printed on the slip. */
  readonly slip: string;
  readonly member: number;
  readonly title: string;
  readonly due: string;
  readonly status: "out" | "late" | "returned";
  readonly remark: string;
  readonly renewals: number;
  readonly version: number;
}

/** A word that a librarian left on a loan. */
export interface Note {
  readonly id: number;
  readonly loan: number;
  readonly text: string;
}

/** Everything that the library knows; in memory, anew at each start. */
export interface Shelves {
  readonly members: Map<number, Member>;
  readonly loans: Map<number, Loan>;
  readonly notes: Note[];
}

const MEMBERS: readonly Member[] = [
  { id: 301, card: "C-20431", name: "Ada Moreau", email: "ada@readers.example", standing: "good" },
  { id: 302, card: "C-20432", name: "Ben Okafor", email: "ben@readers.example", standing: "suspended" },
];

const loan = (id: number, member: number, title: string): Loan => ({
  id,
  slip: `L-2026-${String(id - 5_000).padStart(4, "0")}`,
  member,
  title,
  due: "2026-12-01",
  status: "out",
  remark: "cover torn",
  renewals: 0,
  version: 1,
});

export function openShelves(): Shelves {
  const loans = [
    loan(5_042, 301, "The Left Hand of Darkness"),
    loan(5_043, 302, "Middlemarch"),
    loan(5_044, 301, "Emma"),
  ];
  return {
    members: new Map(MEMBERS.map((member) => [member.id, member])),
    loans: new Map(loans.map((one) => [one.id, one])),
    notes: [{ id: 1, loan: 5_042, text: "internal: has called twice about the fine" }],
  };
}

/** A loan by its number or by its slip, in any case, as the API takes both. */
export const findLoan = ({ loans }: Shelves, text: string): Loan | undefined =>
  [...loans.values()].find(({ id, slip }) => String(id) === text || slip === text.toUpperCase());

/** A member by number or card. */
export const findMember = ({ members }: Shelves, text: string): Member | undefined =>
  [...members.values()].find(({ id, card }) => String(id) === text || card === text.toUpperCase());
