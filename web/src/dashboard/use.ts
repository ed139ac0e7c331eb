// Two hooks: an answer that can be asked for again, and a subscription that says when to.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { TypedDocumentString } from "../../generated/graphql";
import { ask, listen } from "./api";

const TOGETHER = 300; // milliseconds in which several changes are one

export interface Asked<T> {
  data: T | undefined;
  problem: string;
  busy: boolean;
  again: () => void;
}

// The answer to a query, kept on the page while it is asked again. Variables are compared by their values.
export function useAnswer<T, V>(query: TypedDocumentString<T, V>, variables: V): Asked<T> {
  const [state, setState] = useState<{ data?: T; problem: string; busy: boolean }>({ problem: "", busy: true });
  const [turn, setTurn] = useState(0);
  const key = JSON.stringify(variables);
  useEffect(() => {
    const abort = new AbortController();
    setState((before) => ({ ...before, busy: true }));
    ask(query, variables, abort.signal).then(
      ({ data, errors }) => setState({ data, problem: errors[0]?.message ?? "", busy: false }),
      (error: Error) => abort.signal.aborted || setState((before) => ({ ...before, problem: error.message, busy: false })),
    );
    return () => abort.abort();
  }, [query, key, turn]);
  const again = useCallback(() => setTurn((before) => before + 1), []);
  return { data: state.data, problem: state.problem, busy: state.busy, again };
}

type Told = { position: string; event: string } | null;

// Calls back when something has happened; says whether it listens.
export function useChanges<V extends object, F extends string>(
  subscription: TypedDocumentString<{ [field in F]: Told }, V>,
  field: F,
  variables: V,
  changed: (event: string) => void,
): boolean {
  const [connected, setConnected] = useState(false);
  const call = useRef(changed);
  call.current = changed;
  const key = JSON.stringify(variables);
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const told = (data: { [field in F]: Told }) => {
      const event = data[field]?.event;
      clearTimeout(timer);
      if (event) timer = setTimeout(() => call.current(event), TOGETHER);
    };
    const position = (data: { [field in F]: Told }) => data[field]?.position;
    listen(subscription, variables, { told, position, connected: setConnected }, abort.signal);
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [subscription, key]);
  return connected;
}
