/** The texts of a configuration folder, in a fixed order. */
export type ConfigFiles = readonly { readonly path: string; readonly text: string }[];

/** Folders that are read, and what their files end in. */
export const FOLDERS = [
  { name: "issuers", ending: ".yaml" },
  { name: "clients", ending: ".yaml" },
  { name: "points", ending: ".yaml" },
  { name: "connectors", ending: ".yaml" },
  { name: "resources", ending: ".yaml" },
  { name: "policies", ending: ".yaml" },
  { name: "ceilings", ending: ".yaml" },
  { name: "guardrails", ending: ".cedar" },
] as const;
