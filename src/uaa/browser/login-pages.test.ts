import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJwt } from "jose";
import { admin, cfClient, pass, running } from "../testing/test-uaa.ts";

function passcodeIn(page: string): string {
  return /<samp id="passcode">([\w-]+)<\/samp>/.exec(page)?.[1] ?? "";
}

test("a user gets a passcode behind the login form, and logs in with it once", async () => {
  const { browser, token } = await running();
  const user = browser();

  const turnedAway = await user.get("/passcode");
  assert.equal(turnedAway.status, 302);
  assert.match(turnedAway.location, /\/uaa\/login\?form_redirect_uri=%2Fpasscode$/);
  const form = await user.get(turnedAway.location);
  assert.match(form.text, /name="form_redirect_uri" value="\/passcode"/);
  const loggedIn = await user.post("/login.do", {
    ...admin,
    ...user.csrf(),
    form_redirect_uri: "/passcode",
  });
  assert.equal(loggedIn.status, 302);
  assert.match(loggedIn.location, /\/uaa\/passcode$/);
  const page = await user.get(loggedIn.location);
  const passcode = passcodeIn(page.text);
  assert.equal(page.headers.get("cache-control"), "no-store");

  const first = await token({ grant_type: "password", passcode });
  assert.equal(first.status, 200);
  assert.equal(decodeJwt(first.access_token)["user_name"], "admin");
  assert.ok(first.refresh_token);
  const second = await token({ grant_type: "password", passcode });
  assert.equal(second.status, 401);
  assert.equal(second.error_description, "Invalid passcode");
});

test("a passcode ends with the next one, after five minutes, and with a new password", async () => {
  const { browser, token, clock, addUser, call, adminToken } = await running();
  const guid = await addUser("ann", "pw");
  const user = browser();
  await user.logIn("ann", "pw");
  const next = async () => passcodeIn((await user.get("/passcode")).text);
  const isGood = async (passcode: string) =>
    (await token({ grant_type: "password", passcode })).status === 200;

  const replaced = await next();
  const current = await next();
  assert.equal(await isGood(replaced), false);
  assert.equal(await isGood(current), true);

  const late = await next();
  await pass(clock, 300_000);
  assert.equal(await isGood(late), false);

  const beforeChange = await next();
  const changed = await call("PUT", `/Users/${guid}/password`, await adminToken(), {
    password: "another",
  });
  assert.equal(changed.status, 200);
  assert.equal(await isGood(beforeChange), false);
  assert.equal((await user.get("/passcode")).status, 302, "the browser is logged out, too");
});

test("an empty passcode, and one in the query, are refused", async () => {
  const { token } = await running();

  const empty = await token({ grant_type: "password", passcode: "" });
  assert.equal(empty.status, 401);
  assert.equal(empty.error_description, "Passcode information is missing.");
  const inQuery = await token({ grant_type: "password" }, cfClient, "?passcode=x");
  assert.equal(inQuery.status, 406);
});

test("the login form needs the token that came with it", async () => {
  const { browser } = await running();
  const user = browser();
  await user.get("/login");

  for (const field of ["", "x", "A".repeat(43)]) {
    const answer = await user.post("/login.do", { ...admin, "X-Uaa-Csrf": field });
    assert.equal(answer.status, 403, field);
  }
  assert.equal(user.cookies.has("uaa_session"), false);

  const elsewhere = browser();
  const answer = await elsewhere.post("/login.do", { ...admin, ...user.csrf() });
  assert.equal(answer.status, 403, "a token without its cookie");
});

test("cookies are for this path alone, out of reach of scripts and of other sites", async () => {
  const { browser } = await running({ externalUrl: "https://uaa.example.com/uaa" });
  const user = browser();
  await user.logIn(admin.username, admin.password);

  assert.equal(user.received.length, 2);
  for (const line of user.received) {
    assert.match(line, /; Path=\/uaa; HttpOnly; SameSite=Lax; Secure/);
  }
});

test("a wrong password shows the form again, counts towards the lock, and says so", async () => {
  const { browser } = await running();
  const user = browser();

  const wrong = await user.logIn(admin.username, "guess");
  assert.equal(wrong.status, 401);
  assert.match(wrong.text, /Provided credentials are invalid\. Please try again\./);
  for (let i = 0; i < 4; i += 1) await user.logIn(admin.username, "guess");
  const locked = await user.logIn(admin.username, admin.password);
  assert.equal(locked.status, 401);
  assert.match(locked.text, /Your account has been locked/);
  assert.equal(user.cookies.has("uaa_session"), false);
});

test("a login leads to no place but ours", async () => {
  const { browser, externalUrl } = await running();

  for (const place of [
    "https://evil.example.com/",
    "//evil.example.com/passcode",
    "/passcode.evil.example.com",
    "/oauth/authorize@evil.example.com",
    "/../passcode",
    "/logout.do",
  ]) {
    const user = browser();
    const answer = await user.logIn(admin.username, admin.password, { form_redirect_uri: place });
    assert.equal(answer.location, `${externalUrl}/login`, place);
  }
});

test("the page runs no script, and shows what it is given as text", async () => {
  const { browser } = await running();

  const page = await browser().get(
    `/login?form_redirect_uri=${encodeURIComponent('"><script>alert(1)</script>')}`,
  );

  assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
  assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'/);
  assert.equal(page.headers.get("x-frame-options"), "DENY");
  assert.ok(!page.text.includes("<script>"));
  assert.ok(page.text.includes("&#34;&#62;&#60;script&#62;"));
});

test("a browser's login lasts half an hour, ends with a log-out, and outlives no deletion of the user", async () => {
  const { browser, clock, addUser, call, adminToken } = await running();
  const guid = await addUser("ann", "pw");
  const isIn = async (user: ReturnType<typeof browser>) =>
    (await user.get("/passcode")).status === 200;

  const one = browser();
  await one.logIn("ann", "pw");
  const old = one.cookies.get("uaa_session") ?? "";
  assert.equal(await isIn(one), true);
  await one.get("/logout.do");
  one.cookies.set("uaa_session", old);
  assert.equal(await isIn(one), false, "the cookie is dead, not just forgotten");

  const two = browser();
  await two.logIn("ann", "pw");
  await pass(clock, 1_799_000);
  assert.equal(await isIn(two), true);
  await pass(clock, 1_000);
  assert.equal(await isIn(two), false);

  const three = browser();
  await three.logIn("ann", "pw");
  await call("DELETE", `/Users/${guid}`, await adminToken());
  assert.equal(await isIn(three), false);
});
