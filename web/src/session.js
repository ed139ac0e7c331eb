// Who is signed in to this page: authorization code with PKCE in a full-page redirect. Tokens are kept in this tab's
// sessionStorage and go nowhere but into the Authorization header; addresses carry the one-time code at most.
//
// Each page is a client of its own, with tokens of its own.
const PAGE = new URL(location.pathname, location.href).href;
const [CLIENT, KEPT] =
  location.pathname === "/" ? ["clinicgraph-dashboard", "clinicgraph.dashboard"] : ["clinicgraph-graphiql", "clinicgraph"];
const SESSION = `${KEPT}.session`;
const PENDING = `${KEPT}.sign-in`;
const ASK_AGAIN = `${KEPT}.ask-again`;
const EARLY = 30_000; // milliseconds before a token expires, it is refreshed

const kept = (name) => JSON.parse(sessionStorage.getItem(name) ?? "null");
const keep = (name, value) => sessionStorage.setItem(name, JSON.stringify(value));
const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/[+/=]/g, (sign) => ({ "+": "-", "/": "_" })[sign] ?? "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

const form = (fields) => ({ method: "POST", body: new URLSearchParams({ client_id: CLIENT, ...fields }) });

async function metadata() {
  const response = await fetch("/.well-known/oauth-authorization-server");
  if (!response.ok) throw new Error("Tokens for this server come from elsewhere: put one into the request headers.");
  return response.json();
}

// Leaves this page for the sign-in page, which leads back here. The token may do what `scopes` name; without them, all
// that the person may.
export async function signIn(scopes) {
  if (!crypto.subtle) throw new Error("Signing in needs https, or an address on this machine.");
  const server = await metadata();
  const pending = { state: random(), verifier: random(), issuer: server.issuer };
  const challenge = base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(pending.verifier)));
  keep(PENDING, pending);
  const asked = new URLSearchParams({
    response_type: "code",
    client_id: CLIENT,
    redirect_uri: PAGE,
    scope: (scopes ?? server.scopes_supported).join(" "),
    state: pending.state,
    code_challenge: challenge,
    code_challenge_method: "S256",
    ...(kept(ASK_AGAIN) && { prompt: "login" }), // whoever signed out may want to be somebody else
  });
  location.assign(`${server.authorization_endpoint}?${asked}`);
}

// Ends what a redirect has begun, if this page was opened by one; takes its parameters out of the address first.
async function comeBack() {
  const given = new URL(location.href).searchParams;
  if (!given.has("state") || !(given.has("code") || given.has("error"))) return;
  history.replaceState(null, "", PAGE);
  const pending = kept(PENDING);
  sessionStorage.removeItem(PENDING);
  if (!pending || given.get("state") !== pending.state || given.get("iss") !== pending.issuer)
    throw new Error("This sign-in was not begun here. Please try again.");
  if (given.has("error"))
    throw new Error(given.get("error") === "access_denied" ? "You did not allow it." : "Signing in did not work.");
  const fields = { code: given.get("code"), redirect_uri: PAGE, code_verifier: pending.verifier };
  if (!(await received(form({ grant_type: "authorization_code", ...fields }))))
    throw new Error("Signing in did not work. Please try again.");
  sessionStorage.removeItem(ASK_AGAIN);
}

// Keeps the tokens that the server gives; false if it will give none. Rejects if it cannot at the moment.
async function received(request) {
  const response = await fetch("/oauth/token", request);
  if (response.status >= 500) throw new Error("The server cannot answer at the moment. Please try again.");
  if (!response.ok) return false;
  const { access_token, refresh_token, expires_in } = await response.json();
  keep(SESSION, { access_token, refresh_token, until: Date.now() + expires_in * 1000 });
  return true;
}

let refreshing = null;

// A refresh token works once, so requests that need a new access token at the same time share the answer.
function refresh(session) {
  const fields = { grant_type: "refresh_token", refresh_token: session.refresh_token };
  refreshing ??= received(form(fields)).finally(() => (refreshing = null));
  return refreshing;
}

async function accessToken() {
  const session = kept(SESSION);
  if (session && Date.now() > session.until - EARLY && !(await refresh(session))) forget();
  return kept(SESSION)?.access_token;
}

const listeners = new Set();

function forget() {
  sessionStorage.removeItem(SESSION);
  for (const listener of listeners) listener();
}

// Calls back when the session has ended by itself.
export function onEnd(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

// As fetch, with the token; one that the server refuses ends the session. A header that was typed goes before it.
export async function authorizedFetch(address, options = {}) {
  const headers = new Headers(options.headers);
  const token = headers.has("authorization") ? null : await accessToken();
  if (token) headers.set("authorization", `Bearer ${token}`);
  const response = await fetch(address, { ...options, headers });
  if (token && response.status === 401) forget();
  return response;
}

// Who is signed in: {name, roles, …}, or null. Rejects with what to tell the person.
export async function whoIsIt() {
  await comeBack();
  if (!kept(SESSION)) return null;
  const response = await authorizedFetch("/oauth/userinfo");
  return response.ok ? response.json() : null;
}

// Revokes the tokens, and forgets them even if that cannot be done now.
export async function signOut() {
  const session = kept(SESSION);
  keep(ASK_AGAIN, true);
  forget();
  if (session) await fetch("/oauth/revoke", form({ token: session.refresh_token }));
}
