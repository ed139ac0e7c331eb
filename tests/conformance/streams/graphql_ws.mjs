// The reference client of graphql-transport-ws. What it hears it prints, one JSON object a line; the test on the other
// side plays the clinic.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const { url, token, query, watch, variables, bad, wanted } = JSON.parse(process.argv[2]);
const say = (said) => process.stdout.write(`${JSON.stringify(said)}\n`);

const client = createClient({
  url,
  webSocketImpl: WebSocket,
  connectionParams: { authorization: token },
  keepAlive: 50,
  lazy: true,
  lazyCloseTimeout: 0,
  retryAttempts: 1_000,
  retryWait: () => new Promise((resolve) => setTimeout(resolve, 100)),
  shouldRetry: () => true,
  on: {
    connected: (_socket, payload) => say({ connected: typeof payload.position }),
    closed: (event) => say({ closed: event.code }),
    pong: (received) => received && once("pong"),
  },
});
const heard = new Set();
const once = (what) => heard.has(what) || (heard.add(what), say({ [what]: true }));

const all = (payload) =>
  new Promise((resolve) => {
    const results = [];
    client.subscribe(payload, {
      next: (result) => results.push(result),
      error: (error) => resolve({ results, error: Array.isArray(error) ? error : { code: error.code, reason: error.reason } }),
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
await client.dispose();
say({ end: true });
process.exit(0);
