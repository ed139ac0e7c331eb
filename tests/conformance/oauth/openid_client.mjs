// npm openid-client: every grant, refresh, reuse, revocation, introspection, with signatures checked.
import * as client from "openid-client";
import { allowed, check, done, gate, issuer, redirectUri, refused, scope, service, spa, web } from "./conversation.mjs";

const discover = async ({ id, secret }, method = secret ? client.ClientSecretBasic(secret) : client.None()) => {
  const options = { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] };
  return client.discovery(new URL(issuer), id, undefined, method, options);
};
const inspector = await discover(gate);
const inspect = (token) => client.tokenIntrospection(inspector, token);

const signIn = async (config, more = {}) => {
  const [verifier, state, nonce] = [client.randomPKCECodeVerifier(), client.randomState(), client.randomNonce()];
  const parameters = { redirect_uri: redirectUri, scope, state, nonce, code_challenge_method: "S256", ...more };
  parameters.code_challenge = await client.calculatePKCECodeChallenge(verifier);
  const back = await allowed(client.buildAuthorizationUrl(config, parameters));
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
  return { back, checks, redeem: () => client.authorizationCodeGrant(config, back, checks) };
};

for (const who of [web, spa, { ...web, method: client.ClientSecretPost(web.secret) }]) {
  const config = await discover(who, who.method);
  const { redeem, checks, back } = await signIn(config, { resource: issuer });
  const wrong = { ...checks, pkceCodeVerifier: client.randomPKCECodeVerifier() };
  await refused("a wrong verifier", () => client.authorizationCodeGrant(config, back, wrong), "invalid_grant");
  const first = await redeem();
  check("the id token names the user", /^\d+$/.test(first.claims().sub) && first.claims().aud === who.id);
  check("the scope is granted", first.scope === scope && first.expires_in === 900);
  check("the token is active", (await inspect(first.access_token)).active);

  const second = await client.refreshTokenGrant(config, first.refresh_token);
  check("refresh tokens rotate", second.refresh_token && second.refresh_token !== first.refresh_token);
  await refused("a wider scope", () => client.refreshTokenGrant(config, second.refresh_token, { scope: "user:admin" }), "invalid_scope");
  await refused("reuse", () => client.refreshTokenGrant(config, first.refresh_token), "invalid_grant");
  await refused("its child", () => client.refreshTokenGrant(config, second.refresh_token), "invalid_grant");
  check("reuse revokes", (await inspect(second.access_token)).active === false);

  const other = await (await signIn(config)).redeem();
  await client.tokenRevocation(config, other.access_token);
  check("an access token is revoked", (await inspect(other.access_token)).active === false);
  check("its refresh token is not", (await inspect(other.refresh_token)).active);
  await client.tokenRevocation(config, other.refresh_token, { token_type_hint: "refresh_token" });
  check("a refresh token is revoked", (await inspect(other.refresh_token)).active === false);
  await client.tokenRevocation(config, "unknown");

  const replayed = await signIn(config);
  const tokens = await replayed.redeem();
  await refused("a code used twice", replayed.redeem, "invalid_grant");
  check("replay revokes", (await inspect(tokens.access_token)).active === false);
}

const own = await client.clientCredentialsGrant(await discover(service), { scope: "appointment:read" });
check("a service gets a token", own.scope === "appointment:read" && !own.refresh_token);
check("of its own", (await inspect(own.access_token)).sub === service.id);
const impostor = await discover({ id: service.id, secret: "wrong" });
await refused("a wrong secret", () => client.clientCredentialsGrant(impostor), "invalid_client");
const denied = await signIn(await discover(web), { scope: "no:such" });
await refused("an unknown scope", denied.redeem, "invalid_scope");
done();
