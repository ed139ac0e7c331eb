// Foreign clients of incremental delivery: each puts the payloads of one query together in its own way. Prints what each
// has in the end, and how often it told of something new.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { Defer20220824Handler, GraphQL17Alpha9Handler } from "@apollo/client/incremental";
import { Client, cacheExchange, fetchExchange } from "@urql/core";
import { createClient } from "graphql-sse";
import { meros } from "meros/browser";

const { url, token, query, deferred } = JSON.parse(process.argv[2]);
const headers = { authorization: token };
const typenames = (key, value) => (key === "__typename" ? undefined : value);
const say = (who, told, last) => process.stdout.write(`${JSON.stringify({ [who]: { told, last } }, typenames)}\n`);

async function apollo(who, incrementalHandler) {
  const accepted = [];
  const spy = (input, init) => {
    accepted.push(init.headers.accept);
    return fetch(input, init);
  };
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.from([new HttpLink({ uri: url, headers, fetch: spy })]),
    incrementalHandler,
  });
  let told = 0;
  const last = await new Promise((resolve, reject) => {
    client.watchQuery({ query: gql(query), errorPolicy: "all" }).subscribe({
      next: (result) => {
        if (result.data !== undefined) told += 1;
        if (result.networkStatus === 7 || result.networkStatus === 8) resolve({ data: result.data, error: result.error?.errors });
      },
      error: reject,
    });
  });
  say(who, told, { ...last, accepted });
  client.stop();
}

await apollo("apollo of 2022", new Defer20220824Handler());
await apollo("apollo of 2024", new GraphQL17Alpha9Handler());

const urql = new Client({
  url,
  exchanges: [cacheExchange, fetchExchange],
  fetchOptions: { headers },
  preferGetMethod: false,
});
// Of the format of 2024 urql 6 knows fragments; items of lists it puts beside the list.
let told = 0;
say(
  "urql",
  ...(await new Promise((resolve) => {
    urql.query(deferred, {}).subscribe((result) => {
      told += 1;
      if (!result.hasNext) resolve([told, { data: result.data, error: result.error?.graphQLErrors }]);
    });
  })),
);

const response = await fetch(url, {
  method: "POST",
  headers: { ...headers, "content-type": "application/json", accept: "multipart/mixed" },
  body: JSON.stringify({ query }),
});
const parts = [];
for await (const part of await meros(response)) parts.push(part);
say("meros", parts.length, { json: parts.every((part) => part.json), payloads: parts.map((part) => part.body) });

const sse = createClient({ url, headers });
const payloads = [];
await new Promise((resolve, reject) => {
  sse.subscribe({ query }, { next: (payload) => payloads.push(payload), error: reject, complete: resolve });
});
say("graphql-sse", payloads.length, { payloads });
sse.dispose();
