// Each behaviour that graphql-sse documents, of its distinct connections mode and of its client, tried against the server.
import { createClient } from "graphql-sse";
import { ANSWER, CHANGE, PARTIAL, QUERY, WATCH, all, behaviour, codes, given, heardBy, sideBySide, touchUntil, until } from "./behaviours.mjs";

const { http: url } = given;
const token = (name) => ({ authorization: `Bearer ${name}` });
const good = { results: [ANSWER], complete: true };

/** A client that comes again at once, and what it fetched. */
function recorded(options = {}) {
  const fetched = [];
  const events = [];
  const client = createClient({
    url,
    headers: token("public"),
    retry: async () => {},
    fetchFn: async (address, asked) => {
      const response = await fetch(address, asked);
      fetched.push({ asked, response });
      return response;
    },
    on: {
      connecting: (again) => events.push(["connecting", again]),
      connected: (again) => events.push(["connected", again]),
      message: ({ event }) => events.push(["message", event]),
    },
    ...options,
  });
  return { client, events, fetched };
}

/** What somebody comes to whom the server refuses: the status, and how often it was asked. */
async function fails(options, payload) {
  const one = recorded({ retryAttempts: 2, ...options });
  const { error } = await all(one.client, payload);
  const [{ response }] = one.fetched;
  return [error, one.fetched.length, codes((await response.json()).errors)];
}

/** A connection that breaks off at the first heartbeat after an event. */
async function breaking(address, asked) {
  const response = await fetch(address, asked);
  const reader = response.body.getReader();
  let text = "";
  const body = new ReadableStream({
    async pull(controller) {
      const { value } = await reader.read();
      text += new TextDecoder().decode(value);
      if (/event: next\n[^]*\n:\n/.test(text)) {
        await reader.cancel();
        controller.error(new Error("broken off"));
      } else controller.enqueue(value);
    },
  });
  return new Response(body, response);
}

// The protocol, distinct connections.
await behaviour("a query", () => all(recorded().client), good);
await behaviour("a mutation", () => {
  const query = 'mutation { holdSlot(input: { slotId: "x", idempotencyKey: "1" }) { userErrors { code } } }';
  return all(recorded({ headers: { "x-test-viewer": "admin" } }).client, { query });
}, { results: [{ data: { holdSlot: { userErrors: [{ code: "VALIDATION_ERROR" }] } } }], complete: true });
await behaviour("a subscription, which its client ends", async () => {
  const heard = heardBy(recorded().client, WATCH);
  await touchUntil(() => heard.results.length);
  heard.end();
  const { complete, results } = await heard.over;
  return { complete, first: results[0] };
}, { complete: true, first: CHANGE });
await behaviour("the content type, also of what is refused before the execution", async () => {
  const one = recorded();
  for (const query of [QUERY, "{ nothing }", "{ doctors("]) await all(one.client, { query });
  return one.fetched.map(({ response }) => [response.status, response.headers.get("content-type"), response.headers.get("cache-control")]);
}, Array(3).fill([200, "text/event-stream; charset=utf-8", "no-cache"]));
await behaviour("errors before the execution are a next event", async () => {
  const one = recorded();
  const { complete, results } = await all(one.client, { query: "{ nothing }" });
  return [complete, results.map(({ errors }) => codes(errors)), one.events];
}, [true, [["GRAPHQL_VALIDATION_FAILED"]], [["connecting", false], ["connected", false], ["message", "next"], ["message", "complete"]]]);
await behaviour("errors of the execution", async () => {
  const { complete, results: [{ data, errors }] } = await all(recorded().client, { query: PARTIAL });
  return [complete, data.patient, data.doctors, codes(errors)];
}, [true, null, ANSWER.data.doctors, ["FORBIDDEN"]]);
await behaviour("operationName, variables and extensions", () => all(recorded().client, {
  query: "query A { nothing: __typename } query B($first: Int) { doctors(first: $first) { edges { node { specialty } } } }",
  operationName: "B", variables: { first: 1 }, extensions: { of: "ours" },
}), good);
await behaviour("heartbeats are passed over", async () => {
  const one = recorded();
  const heard = heardBy(one.client, WATCH);
  const [{ response }] = (await until(() => one.fetched.length), one.fetched);
  await touchUntil(() => heard.results.length);
  heard.end();
  return [(await heard.over).complete, response.ok, one.events.filter(([, event]) => !["next", true, false].includes(event))];
}, [true, true, []]);
await behaviour("operations side by side", async () => {
  const one = recorded();
  return [...(await sideBySide(one)), one.fetched.length];
}, [good, 0, 3]);
await behaviour("single connection mode is not offered", async () => {
  const { client, fetched } = recorded({ singleConnection: true, retryAttempts: 0 });
  const { error } = await all(client);
  return [error, fetched[0].asked.method, fetched[0].response.headers.get("allow")];
}, [405, "PUT", "GET, POST, QUERY"]);

// What is refused with a status is a NetworkError with the response; it is tried again as often as retryAttempts says.
await behaviour("400 for what is no request", () => fails({}, { query: 1 }), [400, 3, ["BAD_REQUEST"]]);
await behaviour("401 for a token that is not good", () => fails({ headers: token("expired") }), [401, 3, ["UNAUTHENTICATED"]]);
await behaviour("503 while nobody can tell who asks", () => fails({ headers: token("away") }), [503, 3, ["SERVICE_UNAVAILABLE"]]);
await behaviour("a bug is a next event, and masked", async () => {
  const { complete, results: [{ errors }] } = await all(recorded({ headers: token("bug") }).client);
  return [complete, codes(errors), JSON.stringify(errors).includes("secret")];
}, [true, ["INTERNAL_SERVER_ERROR"], false]);

// The client's options and what it does.
await behaviour("url as a function of the request", async () => {
  const asked = [];
  const one = recorded({ url: async (request) => (asked.push(request.query), url) });
  return [await all(one.client), await all(one.client), asked];
}, [good, good, [QUERY, QUERY]]);
await behaviour("headers as a function, with a new token after 401", async () => {
  const tokens = ["expired", "expired", "public"];
  const one = recorded({ headers: async ({ query }) => ({ ...token(tokens.shift()), "x-of": String(query.length) }) });
  return [await all(one.client), one.fetched.map(({ response }) => response.status)];
}, [good, [401, 401, 200]]);
await behaviour("lazy without effect: nothing is fetched before it is asked", async () => {
  const one = recorded({ lazy: false });
  const before = one.fetched.length;
  return [before, await all(one.client), one.fetched.length];
}, [0, good, 1]);
await behaviour("credentials, referrer and referrerPolicy", async () => {
  const referring = { credentials: "include", referrer: `${url}/of-a-page`, referrerPolicy: "unsafe-url" };
  const one = recorded(referring);
  const answer = await all(one.client);
  const [{ asked }] = one.fetched;
  return [answer, Object.keys(referring).every((name) => asked[name] === referring[name])];
}, [good, true]);
await behaviour("abortControllerImpl", async () => {
  let made = 0;
  const one = recorded({ abortControllerImpl: class extends AbortController { constructor() { super(); made += 1; } } });
  return [await all(one.client), made];
}, [good, 1]);
await behaviour("retryAttempts and retry", async () => {
  const waits = [];
  const [error] = await fails({ headers: token("away"), retryAttempts: 3, retry: async (retries) => { waits.push(retries); } });
  return [error, waits];
}, [503, [0, 1, 2]]);
await behaviour("no retryAttempts", () => fails({ headers: token("away"), retryAttempts: 0 }), [503, 1, ["SERVICE_UNAVAILABLE"]]);
await behaviour("a connection that breaks is opened again", async () => {
  let breaks = true;
  const one = recorded({ fetchFn: (address, asked) => (breaks ? ((breaks = false), breaking(address, asked)) : fetch(address, asked)) });
  const heard = heardBy(one.client, WATCH);
  await touchUntil(() => one.events.filter(([name]) => name === "connected").length === 2);
  const before = heard.results.length;
  await touchUntil(() => heard.results.length > before);
  heard.end();
  return [(await heard.over).complete, one.events.filter(([name]) => name !== "message")];
}, [true, [["connecting", false], ["connected", false], ["connecting", true], ["connected", true]]]);
await behaviour("on, onMessage, and the listeners of one subscription", async () => {
  const [events, messages] = [[], []];
  const one = recorded({ onMessage: ({ event, data }) => messages.push([event, data]) });
  const on = {
    connecting: (again) => events.push(["connecting", again]),
    connected: (again) => events.push(["connected", again]),
    message: ({ event }) => events.push(["message", event]),
  };
  await heardBy(one.client, { query: QUERY }, on).over;
  return [events.join(" ") === one.events.join(" "), events, messages];
}, [true, [["connecting", false], ["connected", false], ["message", "next"], ["message", "complete"]], [["next", ANSWER], ["complete", null]]]);
await behaviour("iterate", async () => {
  const one = recorded();
  const results = [];
  for await (const result of one.client.iterate({ query: QUERY })) results.push(result);
  let status;
  try {
    for await (const result of recorded({ headers: token("expired"), retryAttempts: 0 }).client.iterate({ query: QUERY })) results.push(result);
  } catch (error) {
    status = [error.name, error.response.status];
  }
  let heard = 0;
  touchUntil(() => heard);
  for await (const result of one.client.iterate(WATCH)) {
    results.push(result);
    heard += 1;
    break;
  }
  return [results, status, one.fetched.at(-1).asked.signal.aborted];
}, [[ANSWER, CHANGE], ["NetworkError", 401], true]);
await behaviour("an end before the beginning", async () => {
  const heard = heardBy(recorded().client, { query: QUERY });
  heard.end();
  return heard.over;
}, { results: [], complete: true });
await behaviour("dispose ends all of them", async () => {
  const one = recorded();
  const both = [heardBy(one.client, WATCH), heardBy(one.client, WATCH)];
  await touchUntil(() => both.every(({ results }) => results.length));
  one.client.dispose();
  return Promise.all(both.map(async ({ over }) => (await over).complete));
}, [true, true]);

process.exit(0);
