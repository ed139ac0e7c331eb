// Each behaviour that graphql-ws documents, of its protocol and of its client, tried against the server.
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { ANSWER, CHANGE, PARTIAL, QUERY, WATCH, all, behaviour, codes, given, heardBy, sideBySide, touchUntil, until } from "./behaviours.mjs";

const { url, impatient } = given;
const token = (name) => ({ authorization: `Bearer ${name}` });
const good = { results: [ANSWER], complete: true };

/** A client whose events are kept. It comes again at once. */
function recorded({ on = {}, ...options } = {}) {
  const events = [];
  const note = (name, ...more) => (...args) => { events.push([name, ...more.map((each) => each(...args))]); on[name]?.(...args); };
  const sides = [(received) => received, (_received, payload) => payload];
  const client = createClient({
    url,
    webSocketImpl: WebSocket,
    connectionParams: token("public"),
    retryWait: async () => {},
    on: {
      connecting: note("connecting", (isRetry) => isRetry),
      opened: note("opened"),
      connected: note("connected", (_socket, _payload, wasRetry) => wasRetry),
      ping: note("ping", ...sides),
      pong: note("pong", ...sides),
      message: note("message", (message) => message.type),
      closed: note("closed", (event) => event.code),
      error: note("error"),
    },
    ...options,
  });
  const named = (name) => events.filter(([each]) => each === name).map(([, ...values]) => (values.length === 1 ? values[0] : values));
  return { client, events, named, connects: () => named("connecting").length, closed: () => named("closed"), over: () => until(() => named("closed").length) };
}

const saying = (...messages) => ({ opened: (socket) => messages.forEach((each) => socket.send(typeof each === "string" ? each : JSON.stringify(each))) });

/** What somebody comes to whose client says these, besides: the error, and how often it has connected. */
async function fails(options, payload) {
  const one = recorded({ retryAttempts: 3, ...options });
  const { error } = await all(one.client, payload);
  return [error, one.connects()];
}

/** A subscription that is broken in some way, comes back, and hears what happens then. */
async function comesBack(breaks) {
  let socket;
  const one = recorded({ on: { connected: (opened) => (socket = opened) } });
  const heard = heardBy(one.client, WATCH);
  await touchUntil(() => heard.results.length);
  breaks(one.client, socket);
  await until(() => one.named("connected").length === 2);
  const before = heard.results.length;
  await touchUntil(() => heard.results.length > before);
  heard.end();
  const { complete } = await heard.over;
  await until(() => one.closed().length === 2);
  return { complete, closed: one.closed()[0], connecting: one.named("connecting"), connected: one.named("connected") };
}

const back = (closed) => ({ complete: true, closed, connecting: [false, true], connected: [false, true] });

// The protocol: messages.
await behaviour("a query", () => all(recorded().client), good);
await behaviour("a mutation", async () => {
  const query = 'mutation { holdSlot(input: { slotId: "x", idempotencyKey: "1" }) { userErrors { code } } }';
  const { client } = recorded({ connectionParams: undefined, webSocketImpl: as({ "x-test-viewer": "admin" }) });
  return all(client, { query });
}, { results: [{ data: { holdSlot: { userErrors: [{ code: "VALIDATION_ERROR" }] } } }], complete: true });
await behaviour("a subscription", async () => {
  const heard = heardBy(recorded().client, WATCH);
  await touchUntil(() => heard.results.length);
  heard.end();
  const { complete, results } = await heard.over;
  return { complete, first: results[0] };
}, { complete: true, first: CHANGE });
await behaviour("which messages come", async () => {
  const one = recorded();
  await all(one.client);
  return one.named("message");
}, ["connection_ack", "next", "complete"]);
await behaviour("errors before the execution", async () => {
  const one = recorded();
  return [await all(one.client, { query: "{ nothing }" }), await all(one.client, { query: "{ doctors(" }), one.named("message").filter((type) => type !== "connection_ack")];
}, [{ results: [], error: ["GRAPHQL_VALIDATION_FAILED"] }, { results: [], error: ["GRAPHQL_PARSE_FAILED"] }, ["error", "error"]]);
await behaviour("errors of the execution", async () => {
  const { complete, results: [{ data, errors }] } = await all(recorded().client, { query: PARTIAL });
  return [complete, data.patient, data.doctors, codes(errors)];
}, [true, null, ANSWER.data.doctors, ["FORBIDDEN"]]);
await behaviour("operationName, variables and extensions", () => all(recorded().client, {
  query: "query A { nothing: __typename } query B($first: Int) { doctors(first: $first) { edges { node { specialty } } } }",
  operationName: "B", variables: { first: 1 }, extensions: { of: "ours" },
}), good);
await behaviour("a payload with the acknowledgement", async () => {
  let payload;
  await all(recorded({ on: { connected: (_socket, said) => (payload = said) } }).client);
  return typeof payload.position;
}, "string");
await behaviour("a ping of the client", async () => {
  const one = recorded({ on: saying({ type: "ping", payload: { n: 1 } }, { type: "ping" }) });
  await all(one.client);
  return one.named("pong");
}, [[true, { n: 1 }], [true, undefined]]);
await behaviour("a pong that nobody asked for", () => all(recorded({ on: saying({ type: "pong", payload: { n: 1 } }) }).client), good);
await behaviour("no ping of the server", async () => {
  const one = recorded({ disablePong: true });
  const heard = heardBy(one.client, WATCH);
  await touchUntil(() => heard.results.length);
  heard.end();
  await heard.over;
  return [one.named("ping"), one.named("pong")];
}, [[], []]);
await behaviour("operations side by side", async () => {
  const one = recorded();
  return [...(await sideBySide(one)), one.connects()];
}, [good, 0, 1]);

// The protocol: close codes. The client takes the first six for the end, and comes again after the others.
await behaviour("4400 for what is no message", () => fails({ on: saying('{"type": "nothing"}') }), ["4400 there is no message of type 'nothing'", 1]);
await behaviour("4401 before the acknowledgement", () => fails({ on: saying({ type: "subscribe", id: "1", payload: { query: QUERY } }) }), ["4401 Unauthorized", 1]);
await behaviour("4406 for another protocol", () => fails({ webSocketImpl: class extends WebSocket { constructor(address) { super(address, "graphql-ws"); } } }), ["4406 speak graphql-transport-ws", 1]);
await behaviour("4409 for an id that is in use", async () => {
  const one = recorded({ generateID: () => "same" });
  const both = await Promise.all([all(one.client, WATCH), all(one.client, WATCH)]);
  return [both.map(({ error }) => error), one.connects()];
}, [Array(2).fill("4409 Subscriber for same already exists"), 1]);
await behaviour("4429 for a second beginning", () => fails({ on: { connected: (socket) => socket.send('{"type": "connection_init"}') } }, WATCH), ["4429 Too many initialisation requests", 1]);
await behaviour("4500 for a bug", () => fails({ connectionParams: token("bug") }), ["4500 something went wrong here; it has been noted", 1]);
await behaviour("4403 for a token that is not good", () => fails({ connectionParams: token("expired"), retryAttempts: 1 }), ["4403 the token has expired", 2]);
await behaviour("4408 for a beginning that does not come", () => fails({ url: impatient, connectionParams: () => new Promise(() => {}), retryAttempts: 1 }), ["4408 Connection initialisation timeout", 2]);
await behaviour("1013 while nobody can tell who asks", () => fails({ connectionParams: token("away"), retryAttempts: 2 }), ["1013 nobody can tell", 3]);
await behaviour("403 for a page of another site", () => fails({ webSocketImpl: as({ origin: "https://evil.example" }) }), ["Unexpected server response: 403", 1]);

// The client's options and what it does.
await behaviour("url as a function", async () => {
  let calls = 0;
  const one = recorded({ url: async () => ((calls += 1), url) });
  return [await all(one.client), await all(one.client), calls];
}, [good, good, 2]);
await behaviour("connectionParams as a function, with a new token after 4403", async () => {
  const tokens = ["expired", "expired", "public"];
  const one = recorded({ connectionParams: async () => token(tokens.shift()) });
  const answer = await all(one.client);
  await until(() => one.closed().length === 3);
  return [answer, one.closed(), one.named("connecting")];
}, [good, [4403, 4403, 1000], [false, true, true]]);
await behaviour("connectionParams that throw", async () => {
  const one = recorded({ connectionParams: () => { throw new Error("no token"); } });
  const { error } = await all(one.client);
  await one.over();
  return [error, one.closed()];
}, ["no token", [4005]]);
await behaviour("lazy: only while there is something to ask", async () => {
  const one = recorded();
  const before = one.events.length;
  await all(one.client);
  await one.over();
  return [before, one.named("connecting"), one.closed()];
}, [0, [false], [1000]]);
await behaviour("not lazy: from the start, and to the end", async () => {
  const one = recorded({ lazy: false });
  await until(() => one.named("connected").length);
  const answers = [await all(one.client), await all(one.client)];
  await one.client.dispose();
  await one.over();
  return [answers, one.connects(), one.closed()];
}, [[good, good], 1, [1000]]);
await behaviour("onNonLazyError", () => new Promise((resolve) => {
  recorded({ lazy: false, connectionParams: token("bug"), onNonLazyError: ({ code }) => resolve(code) });
}), 4500);
await behaviour("lazyCloseTimeout", async () => {
  const one = recorded({ lazyCloseTimeout: 600_000 });
  const answers = [await all(one.client), await all(one.client)];
  await one.client.dispose();
  await one.over();
  return [answers, one.connects(), one.closed()];
}, [[good, good], 1, [1000]]);
await behaviour("keepAlive", async () => {
  const one = recorded({ keepAlive: 10 });
  const heard = heardBy(one.client, WATCH);
  await until(() => one.named("pong").length >= 3);
  heard.end();
  await heard.over;
  return [one.named("ping")[0], one.named("pong")[0], one.closed()];
}, [[false, undefined], [true, undefined], []]);
await behaviour("keepAlive that gives up with 4408", () => comesBack((_client, socket) => socket.close(4408, "Request Timeout")), back(4408));
await behaviour("connectionAckWaitTimeout", () => fails({ connectionParams: token("slow"), connectionAckWaitTimeout: 100, retryAttempts: 1 }), ["4504 Connection acknowledgement timeout", 2]);
await behaviour("retryAttempts and retryWait", async () => {
  const waits = [];
  const [error] = await fails({ connectionParams: token("away"), retryWait: async (retries) => { waits.push(retries); } });
  return [error, waits];
}, ["1013 nobody can tell", [0, 1, 2]]);
await behaviour("no retryAttempts", () => fails({ connectionParams: token("away"), retryAttempts: 0 }), ["1013 nobody can tell", 1]);
await behaviour("shouldRetry", () => fails({ connectionParams: token("expired"), shouldRetry: ({ code }) => code !== 4403 }), ["4403 the token has expired", 1]);
await behaviour("generateID, and the same id again", async () => {
  const ids = [];
  const one = recorded({ generateID: () => "mine", on: { message: (message) => message.id && ids.push(message.id) } });
  return [await all(one.client), await all(one.client), [...new Set(ids)]];
}, [good, good, ["mine"]]);
await behaviour("jsonMessageReplacer and jsonMessageReviver", async () => {
  const one = recorded({
    jsonMessageReplacer: (_key, value) => (value === "one" ? 1 : value),
    jsonMessageReviver: (_key, value) => (value === "General practice" ? "GP" : value),
  });
  const query = "query ($first: Int) { doctors(first: $first) { edges { node { specialty } } } }";
  const { results } = await all(one.client, { query, variables: { first: "one" } });
  return results[0].data.doctors.edges[0].node.specialty;
}, "GP");
await behaviour("iterate", async () => {
  const one = recorded();
  const results = [];
  for await (const result of one.client.iterate({ query: QUERY })) results.push(result);
  let code;
  try {
    for await (const result of one.client.iterate({ query: "{ nothing }" })) results.push(result);
  } catch (errors) {
    [code] = codes(errors);
  }
  let heard = 0;
  touchUntil(() => heard);
  for await (const result of one.client.iterate(WATCH)) {
    results.push(result);
    heard += 1;
    break;
  }
  await until(() => one.closed().length === 3);
  return [results, code, one.closed()];
}, [[ANSWER, CHANGE], "GRAPHQL_VALIDATION_FAILED", [1000, 1000, 1000]]);
await behaviour("an end before the beginning", async () => {
  const one = recorded();
  const heard = heardBy(one.client, { query: QUERY });
  heard.end();
  const over = await heard.over;
  await one.over();
  return [over, one.closed()];
}, [{ results: [], complete: true }, [1000]]);
await behaviour("dispose", async () => {
  const one = recorded();
  const heard = heardBy(one.client, WATCH);
  await touchUntil(() => heard.results.length);
  await one.client.dispose();
  const { complete } = await heard.over;
  return [complete, one.closed()];
}, [true, [1000]]);
await behaviour("listeners that are added and taken away", async () => {
  const one = recorded();
  let calls = 0;
  const unlisten = one.client.on("connected", () => (calls += 1));
  await all(one.client);
  unlisten();
  await all(one.client);
  return [calls, one.events.map(([name]) => name).slice(0, 4)];
}, [1, ["connecting", "opened", "message", "connected"]]);
await behaviour("terminate", () => comesBack((client) => client.terminate()), back(4499));
await behaviour("a client that starts anew", () => comesBack((_client, socket) => socket.close(4205, "Client Restart")), back(4205));
await behaviour("a connection that breaks", () => comesBack((_client, socket) => socket.terminate()), back(1006));

function as(headers) {
  return class extends WebSocket {
    constructor(address, protocols) {
      super(address, protocols, { headers });
    }
  };
}

process.exit(0);
