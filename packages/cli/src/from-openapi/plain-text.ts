const NOT_PLAIN = /[^\p{L}\p{N}\p{P}\p{S} ]|\p{Default_Ignorable_Code_Point}/gu;

/**
 * Words of a stranger, as one line of letters, digits, punctuation and single spaces: nothing in it ends a comment, turns
 * the direction of writing, or is not shown. Longer ones are cut.
 */
export function plainText(words: unknown, max: number): string {
  if (typeof words !== "string") return "";
  const line = words
    .slice(0, 4 * max)
    .replace(NOT_PLAIN, " ")
    .replace(/ {2,}/g, " ")
    .trim();
  return line.length <= max ? line : `${line.slice(0, max).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** The words in quotation marks, so that a reader sees whose they are. */
export const quoted = (words: unknown, max: number): string => `"${plainText(words, max).replaceAll('"', "'")}"`;

/** A name of small letters, digits and underscores made of any other; empty if there is nothing to make it of. */
export function snake(words: string): string {
  return words
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^[_0-9]+|_+$/g, "")
    .slice(0, 48);
}

/** The words of a name: `deployKeys`, `deploy-keys` and `deploy_keys` are two each. */
export const wordsOf = (name: string): readonly string[] => snake(name).split("_");
