// Runs the audits against the address that is given, with the preflight header; prints one JSON line per audit.
import { serverAudits } from 'graphql-http';

const [url] = process.argv.slice(2);
const fetchFn = (to, init = {}) =>
  fetch(to, { ...init, headers: { ...init.headers, 'graphql-require-preflight': '1' } });
for (const audit of serverAudits({ url, fetchFn })) {
  const result = await audit.fn();
  console.log(JSON.stringify({ name: audit.name, status: result.status, reason: result.reason ?? null }));
}
