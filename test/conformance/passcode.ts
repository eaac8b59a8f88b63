import assert from "node:assert/strict";

/** What a user gets from the page `/passcode` behind the login form, for `cf login --sso-passcode`. */
export async function passcodeOf(
  uaa: string,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<string> {
  const html = { accept: "text/html" };
  const form = await fetch(`${uaa}/login?form_redirect_uri=%2Fpasscode`, { headers: html });
  const [, csrf = ""] = /name="X-Uaa-Csrf" value="([^"]+)"/.exec(await form.text()) ?? [];
  const signedIn = await fetch(`${uaa}/login.do`, {
    method: "POST",
    redirect: "manual",
    headers: { ...html, cookie: cookiesOf(form) },
    body: new URLSearchParams({ username, password, "X-Uaa-Csrf": csrf }),
  });
  assert.equal(signedIn.status, 302);
  const page = await fetch(`${uaa}/passcode`, {
    headers: { ...html, cookie: cookiesOf(signedIn) },
  });
  const [, passcode] = /id="passcode">([^<]+)</.exec(await page.text()) ?? [];
  assert.ok(passcode);
  return passcode;
}

function cookiesOf(answer: Response): string {
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.replace(/;.*/, ""))
    .join("; ");
}
