import { wordsOf } from "./plain-text.ts";

/** Why an operation should not be switched on without thought. */
export interface Risk {
  readonly name: string;
  readonly why: string;
}

interface Sign extends Risk {
  readonly words: ReadonlySet<string>;
}

const sign = (name: string, why: string, words: string): Sign => ({ name, why, words: new Set(words.split(" ")) });

/** Signs in the order in which they are told. */
const SIGNS: readonly Sign[] = [
  sign(
    "bulk",
    "one call reaches many records, so a grant of one record cannot bound it",
    "bulk batch batches composite multi mass import imports graphql bulkfetch many",
  ),
  sign(
    "search",
    "its answer holds records that nobody granted, and counts and differences tell of them",
    "search query jql sql autocomplete suggest suggestions lookup filter picker graphql",
  ),
  sign(
    "credentials",
    "it shows or makes something that opens other doors",
    "token tokens secret secrets key keys credential credentials password passwords passcode certificate certificates oauth gpg ssh login sessions session apikey apikeys authorization authorizations mfa otp",
  ),
  sign(
    "webhooks",
    "it has later events sent to an address of the caller's choice",
    "webhook webhooks hook hooks callback callbacks subscription subscriptions deliveries notify",
  ),
  sign(
    "people",
    "it is about users, members or what they may do",
    "user users member members membership memberships collaborator collaborators permission permissions role roles team teams invitation invitations owner owners admin admins administrators group groups people accounts assignees restrictions",
  ),
  sign(
    "export",
    "it gives out whole collections",
    "export exports archive archives tarball zipball download downloads dump backup backups migration migrations report reports sbom",
  ),
  sign(
    "code",
    "it makes a machine run something",
    "dispatch dispatches workflow workflows run runs rerun exec execute execution executions job jobs deploy deployment deployments function functions script scripts build builds pipeline pipelines trigger triggers codespaces runner runners eval sandbox apex tooling",
  ),
  sign(
    "money",
    "it moves money or shows who owes it",
    "payment payments charge charges refund refunds invoice invoices payout payouts billing transfer transfers",
  ),
];

const WHOLE: Risk = { name: "whole collection", why: "it changes a collection and names no record in its path" };

/** Every reason to think twice, from the words of the path and of the operation's own name. */
export function risksOf(operation: {
  readonly method: string;
  readonly path: string;
  readonly id: string;
  readonly calls: boolean;
}): readonly Risk[] {
  const literals = operation.path.split("/").filter((segment) => segment !== "" && !segment.includes("{"));
  const words = new Set([...literals, ...operation.id.split("/").slice(-1)].flatMap(wordsOf));
  const found = SIGNS.filter((one) => !one.words.isDisjointFrom(words) || (one.name === "webhooks" && operation.calls));
  const collection = ["PUT", "PATCH", "DELETE"].includes(operation.method) && !operation.path.includes("{");
  return [...found.map(({ name, why }) => ({ name, why })), ...(collection ? [WHOLE] : [])];
}
