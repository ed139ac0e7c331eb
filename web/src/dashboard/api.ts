// How this page asks: one POST for a question, one stream of server-sent events for a subscription. Operations are
// typed by graphql-codegen, so the answers are too.
import type { TypedDocumentString } from "../../generated/graphql";
import { authorizedFetch } from "../session.js";

const HEADERS = { "Content-Type": "application/json", "GraphQL-Require-Preflight": "1" };
const LONGEST_WAIT = 30_000; // milliseconds between two attempts to listen again

interface GraphQLError {
  message: string;
  path?: (string | number)[];
  extensions?: { code?: string };
}

export interface Answer<T> {
  data: T | null;
  errors?: GraphQLError[];
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function post(body: object, accept: string, signal?: AbortSignal): Promise<Response> {
  const options = { method: "POST", headers: { ...HEADERS, Accept: accept }, body: JSON.stringify(body) };
  return authorizedFetch("/graphql", signal ? { ...options, signal } : options);
}

// The answer, whose parts fail alone: `errors` may stand beside `data`. Rejects if there is no data at all.
export async function ask<T, V>(
  query: TypedDocumentString<T, V>,
  variables: V,
  signal?: AbortSignal,
): Promise<{ data: T; errors: GraphQLError[] }> {
  const response = await post({ query: query.toString(), variables }, "application/graphql-response+json", signal);
  const { data, errors = [] } = (await response.json()) as Answer<T>;
  if (!data) throw new Error(errors[0]?.message ?? `The server answered ${response.status}.`);
  return { data, errors };
}

// The payloads of the events of a stream, each an execution result.
async function* events<T>(response: Response): AsyncGenerator<Answer<T>> {
  let rest = "";
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    const whole = (rest + text).split("\n\n");
    rest = whole.pop()!;
    for (const event of whole) {
      const lines = event.split("\n");
      if (!lines.includes("event: next")) continue; // a heartbeat, or the end
      yield JSON.parse(lines.filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n"));
    }
  }
}

interface Listener<T> {
  told: (data: T) => void;
  position: (data: T) => string | undefined; // after which the subscription goes on when the stream ends
  connected: (connected: boolean) => void;
}

// Listens until `signal` says otherwise. A stream ends when the server restarts or the token expires; the next one
// begins where it stopped, so that nothing is missed.
export async function listen<T, V extends object>(
  subscription: TypedDocumentString<T, V>,
  variables: V,
  { told, position, connected }: Listener<T>,
  signal: AbortSignal,
): Promise<void> {
  let after: string | undefined;
  for (let wait = 1_000; !signal.aborted; wait = Math.min(2 * wait, LONGEST_WAIT)) {
    try {
      const body = { query: subscription.toString(), variables: { ...variables, after } };
      const response = await post(body, "text/event-stream", signal);
      connected(response.ok);
      if (response.ok) wait = 1_000;
      for await (const { data, errors } of response.ok ? events<T>(response) : []) {
        if (errors?.some(({ extensions }) => extensions?.code === "POSITION_EXPIRED")) after = undefined;
        if (!data) continue;
        after = position(data) ?? after;
        told(data);
      }
    } catch {
      if (signal.aborted) return;
    }
    connected(false);
    await pause(wait * (0.5 + Math.random()));
  }
}

// Saves a table as CSV. The token goes in a header, so a plain link would not do.
export async function download(table: string, parameters: Record<string, string>): Promise<void> {
  const response = await authorizedFetch(`/exports/${table}.csv?${new URLSearchParams(parameters)}`);
  if (!response.ok) throw new Error(((await response.json()) as { detail: string }).detail);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = /filename="([^"]*)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? `${table}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
