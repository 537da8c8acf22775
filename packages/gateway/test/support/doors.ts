export const ISSUE = "/rest/api/3/issue/PROJ-42";

/** Names in a table of text, so that a long list stays readable. */
const list = (text: string): readonly string[] =>
  text
    .split(/[|\n]/)
    .map((cell) => cell.trim())
    .filter((cell) => cell !== "");

const pair = (door: string): readonly [method: string, rest: string] => {
  const [method = "", rest = ""] = door.split(" ");
  return [method, rest];
};

/** Other doors to the granted ticket itself. */
export const OTHER_DOORS = list(`
  PUT assignee | POST comment | GET comment | PUT comment/1 | DELETE comment/1 | POST worklog | GET worklog | POST attachments
  GET watchers | POST watchers | GET votes | POST votes | GET remotelink | POST remotelink | PUT properties/x | GET properties/x
  POST notify | GET changelog | POST changelog/list | GET editmeta | PATCH  | DELETE 
`).map((door) => {
  const [method, rest] = pair(door);
  return [method, `${ISSUE}/${rest}`.replace(/\/$/, "")] as const;
});

/** Doors that reach other records. */
export const OTHER_PLACES = list(`
  GET /search/jql?jql=project=PROJ | POST /search/jql | GET /search | POST /search | POST /search/approximate-count | POST /jql/match
  POST /jql/parse | GET /issue/picker?query=a | POST /expression/eval | POST /expression/evaluate | POST /issue/bulkfetch | POST /changelog/bulkfetch
  POST /comment/list | POST /worklog/list | GET /worklog/updated | POST /issue/bulk | POST /bulk/issues/fields | POST /bulk/issues/transition
  POST /bulk/issues/move | POST /bulk/issues/delete | POST /bulk/issues/watch | GET /bulk/queue/1 | POST /issue/properties/multi | GET /attachment/1
  GET /attachment/content/1 | GET /filter/1 | POST /webhook | GET /user?accountId=1 | GET /groups/picker | POST /issueLink
  POST /redact | POST /issue | GET /project/PROJ | GET /myself | GET /serverInfo | GET /field
  GET /issue/createmeta
`).map((place) => {
  const [method, rest] = pair(place);
  return [method, `/rest/api/3${rest}`] as const;
});

/** Families of paths under which the same data can be had. */
export const ALIASES = list(`
  /rest/api/2/issue/PROJ-42 | /rest/api/latest/issue/PROJ-42 | /rest/agile/1.0/issue/PROJ-42 | /rest/software/1.0/issue/PROJ-42
  /rest/servicedeskapi/request/PROJ-42 | /rest/internal/issue/PROJ-42 | /gateway/api/graphql | /secure/ViewIssue.jspa
  /browse/PROJ-42
`);

/** Query strings that widen, rename or repeat. */
export const QUERIES = list(`
  expand=versionedRepresentations | expand=changelog | expand=renderedFields | expand= | properties=*all | fieldsByKeys=true
  updateHistory=true | failFast=true | fields=*all | fields=*navigable | fields=-summary | fields=summary,*all
  fields=comment | fields=description | fields=assignee | fields=summary&fields=summary | fields[]=summary | Fields=summary
  fields= | fields=summary, | fields=constructor | fields=__proto__ | _method=PUT | x=1
  fields=summary;x=1 | fields%5b%5d=summary
`);

/** Paths that some server would read as something else. */
export const PATHS = [
  `${ISSUE}/../PROJ-43`,
  `${ISSUE}/%2e%2e/PROJ-43`,
  `${ISSUE}/.%2E/PROJ-43`,
  `${ISSUE}%2f..%2fPROJ-43`,
  `${ISSUE}%2F`,
  `${ISSUE};x=1`,
  `${ISSUE}%3bx`,
  `/${ISSUE}`,
  `${ISSUE}//`,
  `${ISSUE}/`,
  `${ISSUE}%00`,
  `${ISSUE}%0a`,
  `${ISSUE}%20`,
  `${ISSUE}.json`,
  `${ISSUE}%252e`,
  "/rest/api/3/issue/proj-42",
  "/rest/api/3/issue/PROJ-042",
  "/rest/api/3/issue/PROJ%2d42",
  "/rest/api/3/issue/%50ROJ-42",
  "/rest/api/3/issue/010442",
  "/rest/api/3/issue/+10442",
  "/rest/api/3/issue/10442.0",
  "/rest/api/3/issue/PROJ-42,PROJ-43",
  "/rest/api/3/issue/*",
  "/rest/api/3/issue/",
  "/rest/api/3/issue",
  `${ISSUE}\\..\\PROJ-43`,
  `${ISSUE}\t`,
  "http://evil/rest/api/3/issue/PROJ-42",
  "//evil/rest/api/3/issue/PROJ-42",
  `${ISSUE}#x`,
  `${ISSUE}%c0%ae`,
  "/REST/api/3/issue/PROJ-42",
];
