import zendesk from "node-zendesk";

/** What somebody writes who knows node-zendesk, and nothing of Remit. */
const { ZENDESK_URL = "", ZENDESK_EMAIL = "", ZENDESK_API_TOKEN = "" } = process.env;
const client = zendesk.createClient({
  username: ZENDESK_EMAIL,
  token: ZENDESK_API_TOKEN,
  endpointUri: `${ZENDESK_URL}/api/v2`,
});

const { result } = await client.tickets.show(35436);
await client.tickets.update(35436, { ticket: { status: "solved" } });
const after = await client.tickets.show(35436);
const comments = await client.tickets.getComments(35436);
const other = await client.tickets.show(35440).then(
  () => "read",
  () => "refused",
);
const knows = Object.values(process.env).filter((value) => value?.includes("zd-token") === true);
process.stdout.write(
  `${JSON.stringify({ subject: result.subject, status: after.result.status, comments: comments.length, other, knows })}\n`,
);
