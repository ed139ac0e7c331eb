// What both lists of behaviours need: to say what came of each, and to make something happen in the clinic.
import { deepStrictEqual } from "node:assert";
import { setTimeout as sleep } from "node:timers/promises";

export const given = JSON.parse(process.argv[2]);
export const QUERY = "{ doctors(first: 1) { edges { node { specialty } } } }";
export const ANSWER = { data: { doctors: { edges: [{ node: { specialty: "General practice" } }] } } };
export const WATCH = { query: "subscription ($doctor: ID!) { slotAvailabilityChanged(doctorId: $doctor) { event } }", variables: { doctor: given.doctor } };
export const CHANGE = { data: { slotAvailabilityChanged: { event: "slot.changed" } } };
export const PARTIAL = "{ patient(id: \"UGF0aWVudDox\") { id } doctors(first: 1) { edges { node { specialty } } } }";

/** Prints whether a behaviour is as it is documented, one JSON object a line. */
export async function behaviour(name, happens, expected) {
  let said = { name };
  try {
    deepStrictEqual(await Promise.race([happens(), tooLate()]), expected);
  } catch (error) {
    said = { name, wrong: String(error.message) };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}

async function tooLate() {
  await sleep(60_000, undefined, { ref: false });
  throw new Error("it did not happen within a minute");
}

export async function until(holds) {
  while (!holds()) await sleep(5);
}

let keys = 0;

async function ask(query, input) {
  const headers = { "content-type": "application/json", "x-test-viewer": "admin" };
  const body = JSON.stringify({ query, variables: { input: { ...input, idempotencyKey: `touch-${given.name}-${(keys += 1)}` } } });
  const { data } = await (await fetch(given.http, { method: "POST", headers, body })).json();
  return Object.values(data)[0];
}

/** Has a seat held and let go until somebody has heard of it: two events each time. */
export async function touchUntil(heard) {
  while (!heard()) {
    const { hold } = await ask("mutation ($input: HoldSlotInput!) { holdSlot(input: $input) { hold { id } } }", { slotId: given.slot, patientId: given.patient });
    await ask("mutation ($input: ReleaseHoldInput!) { releaseHold(input: $input) { hold { id } } }", { holdId: hold.id });
    await sleep(5);
  }
}

/** What a subscriber hears of one operation, as it comes. */
export function heardBy(client, payload, ...more) {
  const heard = { results: [], ended: false };
  heard.over = new Promise((resolve) => {
    const sink = {
      next: (result) => heard.results.push(result),
      error: (error) => resolve({ results: heard.results, error: short(error) }),
      complete: () => resolve({ results: heard.results, complete: true }),
    };
    heard.end = client.subscribe(payload, sink, ...more);
  });
  return heard;
}

/** All that comes of one operation. */
export const all = (client, payload = { query: QUERY }) => heardBy(client, payload).over;

/** Two subscriptions and a query over one client: the query's answer, and what the first heard after it had ended. */
export async function sideBySide(one) {
  const [first, second] = [heardBy(one.client, WATCH), heardBy(one.client, WATCH)];
  await touchUntil(() => first.results.length && second.results.length);
  first.end();
  await first.over;
  const [ended, before] = [first.results.length, second.results.length];
  const answer = await all(one.client);
  await touchUntil(() => second.results.length > before);
  second.end();
  await second.over;
  return [answer, first.results.length - ended];
}

export const codes = (errors) => errors.map((error) => error.extensions.code);

function short(error) {
  if (Array.isArray(error)) return codes(error);
  if (error.response) return error.response.status;
  if (typeof error.code === "number") return `${error.code} ${error.reason}`;
  return error.message;
}
