// npm oauth4webapi: the same again, and what a resource server checks: metadata, signatures, RFC 9068 access tokens.
import * as oauth from "oauth4webapi";
import { allowed, check, done, gate, issuer, redirectUri, refused, scope, service, spa, web } from "./conversation.mjs";

const plain = { [oauth.allowInsecureRequests]: true };
const at = new URL(issuer);
const as = await oauth.processDiscoveryResponse(at, await oauth.discoveryRequest(at, { ...plain, algorithm: "oauth2" }));
const oidc = await oauth.processDiscoveryResponse(at, await oauth.discoveryRequest(at, { ...plain, algorithm: "oidc" }));
check("both documents say the same", JSON.stringify(as) === JSON.stringify(oidc));
const resource = await oauth.processResourceDiscoveryResponse(at, await oauth.resourceDiscoveryRequest(at, plain));
check("the resource names its server", resource.authorization_servers.includes(as.issuer));

const inspect = async (token) => {
  const client = { client_id: gate.id };
  const response = await oauth.introspectionRequest(as, client, oauth.ClientSecretPost(gate.secret), token, plain);
  return oauth.processIntrospectionResponse(as, client, response);
};

for (const who of [web, spa]) {
  const client = { client_id: who.id };
  const method = who.secret ? oauth.ClientSecretBasic(who.secret) : oauth.None();
  const authorize = async () => {
    const [verifier, state, nonce] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState(), oauth.generateRandomNonce()];
    const url = new URL(as.authorization_endpoint);
    const challenge = await oauth.calculatePKCECodeChallenge(verifier);
    const parameters = { client_id: who.id, redirect_uri: redirectUri, response_type: "code", scope, state, nonce, max_age: "3600" };
    Object.assign(parameters, { code_challenge: challenge, code_challenge_method: "S256" });
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    const answer = oauth.validateAuthResponse(as, client, await allowed(url), state);
    return { nonce, redeem: () => oauth.authorizationCodeGrantRequest(as, client, method, answer, redirectUri, verifier, plain) };
  };
  const { nonce, redeem } = await authorize();
  const options = { expectedNonce: nonce, maxAge: 3600, requireIdToken: true };
  const response = await redeem();
  const first = await oauth.processAuthorizationCodeResponse(as, client, response, options);
  await oauth.validateApplicationLevelSignature(as, response, plain);
  check("the id token is for the client", oauth.getValidatedIdTokenClaims(first).aud === who.id);

  const asked = new Request(`${issuer}/graphql`, { headers: { authorization: `Bearer ${first.access_token}` } });
  const claims = await oauth.validateJwtAccessToken(as, asked, issuer, plain);
  check("the access token is RFC 9068's", claims.client_id === who.id && claims.scope === scope && claims.amr.includes("pwd"));
  const presented = new Request(`${issuer}/graphql`, { headers: { authorization: `Bearer ${first.id_token}` } });
  let accepted = true;
  await oauth.validateJwtAccessToken(as, presented, issuer, plain).catch(() => (accepted = false));
  check("an id token is no access token", !accepted);

  const refresh = async (token) => {
    const answer = await oauth.refreshTokenGrantRequest(as, client, method, token, plain);
    return oauth.processRefreshTokenResponse(as, client, answer);
  };
  const second = await refresh(first.refresh_token);
  check("the refreshed token is active", (await inspect(second.access_token)).active);
  await refused("reuse", () => refresh(first.refresh_token), "invalid_grant");
  check("reuse revokes", (await inspect(second.access_token)).active === false);

  const again = await authorize();
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, await again.redeem(), { expectedNonce: again.nonce, maxAge: 3600 });
  const revoked = await oauth.revocationRequest(as, client, method, tokens.refresh_token, plain);
  await oauth.processRevocationResponse(revoked);
  check("revocation revokes the family", (await inspect(tokens.access_token)).active === false);
  const replay = async () => oauth.processAuthorizationCodeResponse(as, client, await again.redeem(), { expectedNonce: again.nonce });
  await refused("a code used twice", replay, "invalid_grant");
}

const client = { client_id: service.id };
const method = oauth.ClientSecretBasic(service.secret);
const own = await oauth.clientCredentialsGrantRequest(as, client, method, { scope: "appointment:read" }, plain);
const token = await oauth.processClientCredentialsResponse(as, client, own);
check("a service gets a token", token.scope === "appointment:read" && token.token_type === "bearer");
done();
