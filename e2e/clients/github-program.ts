import { Octokit } from "@octokit/rest";

/** A program that knows nothing of Remit: it takes what GitHub's own runners give a program. */
const octokit = new Octokit({ baseUrl: process.env["GITHUB_API_URL"] ?? "", auth: process.env["GITHUB_TOKEN"] ?? "" });
const issue = { owner: "Acme", repo: "desk", issue_number: 7 };
await octokit.issues.update({ ...issue, title: "written by a program" });
const { data } = await octokit.issues.get(issue);
process.stdout.write(`${data.title}\n`);
await octokit.issues.get({ ...issue, issue_number: 9 }).catch((error: unknown) => {
  process.stdout.write(`${error instanceof Error && "status" in error ? String(error.status) : "no answer"}\n`);
});
