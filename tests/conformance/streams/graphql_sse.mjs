// The reference client of graphql-sse, distinct connections. What it hears it prints, one JSON object a line.
import { createClient } from "graphql-sse";

const { url, token, query, watch, variables, bad, wanted } = JSON.parse(process.argv[2]);
const say = (said) => process.stdout.write(`${JSON.stringify(said)}\n`);

const client = createClient({
  url,
  singleConnection: false,
  headers: { authorization: token },
  retryAttempts: 1_000,
  retry: () => new Promise((resolve) => setTimeout(resolve, 100)),
  onMessage: () => {},
});

const all = (payload) =>
  new Promise((resolve) => {
    const results = [];
    client.subscribe(payload, {
      next: (result) => results.push(result),
      error: (error) => resolve({ results, error: String(error) }),
      complete: () => resolve({ results, complete: true }),
    });
  });

say({ query: await all({ query }) });
for (const document of bad) say({ bad: await all({ query: document }) });

const payload = { query: watch, variables };
let count = 0;
await new Promise((resolve) => {
  const end = client.subscribe(payload, {
    next: ({ data }) => {
      const change = Object.values(data)[0];
      payload.variables.after = change.position; // where a retry resumes
      say({ change });
      count += 1;
      if (count === wanted) end();
    },
    error: (error) => say({ error: String(error) }),
    complete: resolve,
  });
});
client.dispose();
say({ end: true });
process.exit(0);
