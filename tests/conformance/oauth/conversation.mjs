// The test on the other side plays the person: it opens an address, signs in, allows, and says where that led.
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const given = JSON.parse(process.argv[2]);

export const { issuer, redirectUri, web, spa, service, gate, scope } = given;
export const allowed = async (url) => {
  process.stdout.write(`${JSON.stringify({ open: String(url) })}\n`);
  return new URL((await lines.next()).value);
};

let checked = 0;
export const check = (what, good) => {
  if (!good) throw new Error(`not so: ${what}`);
  checked += 1;
};
export const refused = async (what, attempt, code) => {
  let error;
  try {
    await attempt();
  } catch (thrown) {
    error = thrown;
  }
  const said = error?.error ?? error?.cause?.error ?? error?.cause?.[0]?.parameters?.error ?? String(error);
  check(`${what} is refused with ${code}, but: ${said}`, said === code);
};
export const done = () => {
  process.stdout.write(`${JSON.stringify({ checked })}\n`);
  process.exit(0);
};
