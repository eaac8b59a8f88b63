import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { decodeJwt } from "jose";
import { type ConfiguredClient, sshProxySecret } from "../clients/configured-clients.ts";
import { admin, pass, running } from "../testing/test-uaa.ts";

const sshProxy = { client_id: "ssh-proxy", client_secret: sshProxySecret(admin.password) };

const webApp: ConfiguredClient = {
  clientId: "web-app",
  secret: "web-secret",
  grantTypes: ["authorization_code", "refresh_token"],
  scopes: ["openid", "cloud_controller.read"],
  authorities: [],
  redirectUris: ["https://web.example.com/cb"],
  accessTokenValidity: 600,
  refreshTokenValidity: 3_600,
};
const web = { client_id: "web-app", client_secret: "web-secret" };

async function uaa() {
  const { url, externalUrl, clock, login, token, call, adminToken, browser } = await running({
    clients: [webApp],
  });
  /** As `cf ssh-code` asks: with a token, and no redirect followed. */
  const authorize = async (bearer: string, query: Record<string, string>) => {
    const response = await fetch(
      `${url}/oauth/authorize?${new URLSearchParams(query).toString()}`,
      { headers: { authorization: `bearer ${bearer}` }, redirect: "manual" },
    );
    const location = response.headers.get("location") ?? "";
    const text = await response.text();
    return {
      status: response.status,
      location,
      code: new URLSearchParams(location.split("?")[1]).get("code") ?? "",
      error: text === "" ? {} : (JSON.parse(text) as { error: string; error_description: string }),
    };
  };
  return { externalUrl, clock, login, token, call, adminToken, browser, authorize };
}

test("cf ssh-code gets a code, which the SSH proxy exchanges once for the user's token", async () => {
  const { login, authorize, token, externalUrl } = await uaa();
  const { access_token: bearer } = await login();

  const answer = await authorize(bearer, { response_type: "code", client_id: "ssh-proxy" });
  assert.equal(answer.status, 302);
  assert.ok(answer.location.startsWith(`${externalUrl}/login?code=`));

  const exchange = () =>
    token({ grant_type: "authorization_code", code: answer.code, ...sshProxy }, {});
  const first = await exchange();
  assert.equal(first.status, 200);
  const claims = decodeJwt(first.access_token);
  assert.equal(claims["user_name"], "admin");
  assert.equal(claims["client_id"], "ssh-proxy");
  assert.equal(claims["grant_type"], "authorization_code");
  assert.equal(first.refresh_token, undefined, "the client may not refresh");
  const second = await exchange();
  assert.equal(second.status, 400);
  assert.equal(second.error, "invalid_grant");
});

test("a code is dead after five minutes, and for any other client", async () => {
  const { login, authorize, token, clock } = await uaa();
  const { access_token: bearer } = await login();
  const ask = async () =>
    (await authorize(bearer, { response_type: "code", client_id: "ssh-proxy" })).code;

  const stolen = await ask();
  const byOther = await token({ grant_type: "authorization_code", code: stolen, ...web }, {});
  assert.equal(byOther.status, 401);
  assert.equal(byOther.error_description, "Client ID mismatch");
  const tried = await token({ grant_type: "authorization_code", code: stolen, ...sshProxy }, {});
  assert.equal(tried.error, "invalid_grant", "a code has one try");

  const late = await ask();
  await pass(clock, 300_000);
  const expired = await token({ grant_type: "authorization_code", code: late, ...sshProxy }, {});
  assert.equal(expired.error, "invalid_grant");
});

test("a request for a code that cannot be one is answered here, and never redirected", async () => {
  const { login, authorize } = await uaa();
  const { access_token: bearer } = await login();

  for (const [what, query, status, error] of [
    ["no client", { client_id: "" }, 401, "invalid_client"],
    ["an unknown client", { client_id: "nobody" }, 401, "invalid_client"],
    ["no response type", { response_type: "" }, 400, "unsupported_response_type"],
    ["the implicit grant", { response_type: "token" }, 400, "unsupported_response_type"],
    ["a client without that grant", { client_id: "cf" }, 400, "unauthorized_client"],
    ["another host", { redirect_uri: "https://evil.example.com/cb" }, 400, "invalid_grant"],
    ["no scheme", { redirect_uri: "//evil.example.com/cb" }, 400, "invalid_grant"],
    ["a fragment", { redirect_uri: "https://web.example.com/cb#x" }, 400, "invalid_grant"],
    ["a short challenge", { code_challenge: "abc" }, 400, "invalid_request"],
    [
      "an unknown challenge method",
      { code_challenge: "a".repeat(43), code_challenge_method: "S512" },
      400,
      "invalid_request",
    ],
    ["a secret in the query", { client_secret: "web-secret" }, 400, "invalid_request"],
  ] as const) {
    const answer = await authorize(bearer, {
      response_type: "code",
      client_id: "web-app",
      ...query,
    });
    assert.equal(answer.status, status, what);
    assert.equal(answer.location, "", what);
    assert.deepEqual(Object.keys(answer.error), ["error", "error_description"]);
    assert.equal("error" in answer.error && answer.error.error, error, what);
  }
});

test("a token without uaa.user gets no code", async () => {
  const { token, authorize, adminToken } = await uaa();
  const narrow = await token({
    grant_type: "password",
    username: admin.username,
    password: admin.password,
    scope: "openid",
  });

  const query = { response_type: "code", client_id: "ssh-proxy" };
  assert.equal((await authorize(narrow.access_token, query)).status, 403);
  assert.equal((await authorize(await adminToken(), query)).status, 403);
  assert.equal((await authorize("nonsense", query)).status, 401);
});

test("in a browser, the user logs in, agrees, and the client gets code, tokens and ID token", async () => {
  const { browser, token, externalUrl } = await uaa();
  const user = browser();
  const query = new URLSearchParams({
    response_type: "code",
    client_id: "web-app",
    redirect_uri: "https://web.example.com/cb",
    state: "s t&1",
    nonce: "n-1",
    scope: "openid cloud_controller.read",
  }).toString();

  const turnedAway = await user.get(`/oauth/authorize?${query}`);
  assert.equal(turnedAway.status, 302);
  await user.get(turnedAway.location);
  const returnTo = new URL(turnedAway.location).searchParams.get("form_redirect_uri") ?? "";
  const loggedIn = await user.logIn(admin.username, admin.password, {
    form_redirect_uri: returnTo,
  });
  assert.equal(loggedIn.location, `${externalUrl}/oauth/authorize?${query}`);
  const page = await user.get(loggedIn.location);
  assert.equal(page.status, 200);
  assert.match(page.text, /web-app.*has requested/s);
  assert.match(page.text, /<li>cloud_controller\.read<\/li>/);

  const forged = await user.post(`/oauth/authorize?${query}`, { user_oauth_approval: "true" });
  assert.equal(forged.status, 403);
  const denied = await user.post(`/oauth/authorize?${query}`, {
    ...user.csrf(),
    user_oauth_approval: "false",
  });
  const denial = new URL(denied.location);
  assert.equal(denial.searchParams.get("error"), "access_denied");
  const agreed = await user.post(`/oauth/authorize?${query}`, {
    ...user.csrf(),
    user_oauth_approval: "true",
  });
  const back = new URL(agreed.location);
  assert.equal(back.origin + back.pathname, "https://web.example.com/cb");
  assert.equal(back.searchParams.get("state"), "s t&1");

  const tokens = await token(
    {
      grant_type: "authorization_code",
      code: back.searchParams.get("code") ?? "",
      redirect_uri: "https://web.example.com/cb",
      ...web,
    },
    {},
  );
  assert.equal(tokens.status, 200);
  assert.equal(tokens.scope, "cloud_controller.read openid");
  assert.ok(tokens.refresh_token);
  const id = decodeJwt(tokens.id_token);
  assert.deepEqual(id.aud, ["web-app"]);
  assert.equal(id["nonce"], "n-1");
  assert.equal(id["user_name"], "admin");
});

test("the redirect URI of a request must come back with its code", async () => {
  const { login, authorize, token } = await uaa();
  const { access_token: bearer } = await login();
  const given = { redirect_uri: "https://web.example.com/cb" };
  const codeOf = async (query: Record<string, string>) =>
    (await authorize(bearer, { response_type: "code", client_id: "ssh-proxy", ...query })).code;
  const redirectUri = "http://127.0.0.1:9/uaa/login";

  for (const form of [{}, given]) {
    const code = await codeOf({ redirect_uri: redirectUri });
    const answer = await token(
      { grant_type: "authorization_code", code, ...sshProxy, ...form },
      {},
    );
    assert.equal(answer.error_description, "Redirect URI mismatch.");
  }
  const code = await codeOf({ redirect_uri: redirectUri });
  const right = await token(
    { grant_type: "authorization_code", code, ...sshProxy, redirect_uri: redirectUri },
    {},
  );
  assert.equal(right.status, 200);
});

test("a program with a token cannot agree in the user's place, and prompt=none asks nobody", async () => {
  const { login, authorize, browser } = await uaa();
  const { access_token: bearer } = await login();
  const query = { response_type: "code", client_id: "web-app", state: "x" };

  const byProgram = await authorize(bearer, query);
  assert.equal(byProgram.location, "https://web.example.com/cb?error=interaction_required&state=x");
  const unknown = await browser().get(
    `/oauth/authorize?${new URLSearchParams({ ...query, prompt: "none" }).toString()}`,
  );
  assert.equal(unknown.location, "https://web.example.com/cb?error=login_required&state=x");
});

test("a scope that the client may not have is refused to the client itself", async () => {
  const { login, authorize } = await uaa();
  const { access_token: bearer } = await login();

  const answer = await authorize(bearer, {
    response_type: "code",
    client_id: "web-app",
    scope: "uaa.admin",
  });

  assert.equal(answer.status, 302);
  assert.match(answer.location, /^https:\/\/web\.example\.com\/cb\?error=invalid_scope&/);
});

const verifier = "v".repeat(43);
const s256 = createHash("sha256").update(verifier).digest("base64url");

test("a code with PKCE goes to whoever knows the verifier, alone", async () => {
  const { login, authorize, token } = await uaa();
  const { access_token: bearer } = await login();

  for (const [what, challenge, exchange, expected] of [
    [
      "the right verifier",
      { code_challenge: s256, code_challenge_method: "S256" },
      { code_verifier: verifier },
      "200",
    ],
    ["a plain challenge", { code_challenge: verifier }, { code_verifier: verifier }, "200"],
    [
      "another verifier",
      { code_challenge: s256, code_challenge_method: "S256" },
      { code_verifier: "w".repeat(43) },
      "Invalid code verifier",
    ],
    [
      "the challenge as verifier",
      { code_challenge: s256, code_challenge_method: "S256" },
      { code_verifier: s256 },
      "Invalid code verifier",
    ],
    [
      "no verifier",
      { code_challenge: s256, code_challenge_method: "S256" },
      {},
      "PKCE error: Code verifier must be provided for this authorization code.",
    ],
    [
      "a verifier without a challenge",
      {},
      { code_verifier: verifier },
      "PKCE error: Code verifier not required for this authorization code.",
    ],
    [
      "a short verifier",
      { code_challenge: s256, code_challenge_method: "S256" },
      { code_verifier: "x" },
      "Code verifier length must between 43 and 128 and use only [A-Z],[a-z],[0-9],_,.,-,~ characters.",
    ],
  ] as const) {
    const { code } = await authorize(bearer, {
      response_type: "code",
      client_id: "ssh-proxy",
      ...challenge,
    });
    const answer = await token(
      { grant_type: "authorization_code", code, ...sshProxy, ...exchange },
      {},
    );
    assert.equal(answer.error_description ?? String(answer.status), expected, what);
  }
});

test("a client that may go without its secret needs S256", async () => {
  const { login, authorize, token, call, adminToken } = await uaa();
  await call("POST", "/oauth/clients", await adminToken(), {
    client_id: "single-page",
    client_secret: "s",
    authorized_grant_types: ["authorization_code"],
    scope: ["openid"],
    redirect_uri: ["https://spa.example.com/"],
    autoapprove: true,
    allowpublic: true,
  });
  const { access_token: bearer } = await login();
  const exchange = async (challenge: Record<string, string>, form: Record<string, string>) => {
    const query = { response_type: "code", client_id: "single-page", ...challenge };
    const { code } = await authorize(bearer, query);
    return token({ grant_type: "authorization_code", code, client_id: "single-page", ...form }, {});
  };

  const right = await exchange(
    { code_challenge: s256, code_challenge_method: "S256" },
    { code_verifier: verifier },
  );
  assert.equal(right.status, 200);
  const plain = await exchange({ code_challenge: verifier }, { code_verifier: verifier });
  assert.equal(plain.error_description, "Public client must use code challange method S256");
  assert.equal((await exchange({}, {})).error, "invalid_client");
  const other = await exchange({}, { code_verifier: verifier });
  assert.equal(other.error, "invalid_grant");
});

test("a configured client without any secret gets no token for a code without PKCE, and refreshes with none", async () => {
  const page: ConfiguredClient = {
    clientId: "page",
    name: "The page",
    secret: "",
    isPublic: true,
    grantTypes: ["authorization_code", "refresh_token"],
    scopes: ["openid"],
    authorities: [],
    redirectUris: ["https://page.example.com/"],
    autoApprove: true,
    accessTokenValidity: 600,
    refreshTokenValidity: 3_600,
  };
  const { login, token, url } = await running({ clients: [page] });
  const { access_token: bearer } = await login();
  const codeFor = async (challenge: Record<string, string>) => {
    const query = new URLSearchParams({ response_type: "code", client_id: "page", ...challenge });
    const answer = await fetch(`${url}/oauth/authorize?${query.toString()}`, {
      headers: { authorization: `bearer ${bearer}` },
      redirect: "manual",
    });
    return new URL(answer.headers.get("location") ?? "").searchParams.get("code") ?? "";
  };
  const redeem = (code: string, form: Record<string, string>) =>
    token({ grant_type: "authorization_code", client_id: "page", code, ...form }, {});

  const bare = await redeem(await codeFor({}), {});
  assert.equal(bare.error, "invalid_grant");
  const proven = { code_challenge: s256, code_challenge_method: "S256" };
  const stolen = await redeem(await codeFor(proven), {});
  assert.equal(stolen.error, "invalid_grant");
  const right = await redeem(await codeFor(proven), { code_verifier: verifier });
  assert.equal(right.status, 200);
  const refreshed = await token(
    { grant_type: "refresh_token", client_id: "page", refresh_token: right.refresh_token },
    {},
  );
  assert.equal(refreshed.status, 200);
});
