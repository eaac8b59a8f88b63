import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import type { Page } from "playwright-core";
import { loggedIn, type Api } from "../support/api.ts";
import { appFolder } from "../support/app-folder.ts";
import { pageApps } from "../support/page-apps.ts";
import { startPrefixProxy, type PrefixProxy } from "../support/prefix-proxy.ts";
import { TestPlatform } from "../support/test-platform.ts";
import { WatchedBrowser, withoutBrowser } from "../support/watched-browser.ts";

const skip = withoutBrowser;
/** May log in, and has no role anywhere. */
const stranger = { username: "stranger", password: "pw-of-stranger" };

let platform: TestPlatform;
let browser: WatchedBrowser;
let proxy: PrefixProxy;
let api: Api;
let failedBuild: string;
const folder = mkdtempSync(path.join(tmpdir(), "page-test-"));

before(async () => {
  if (skip !== false) return;
  proxy = await startPrefixProxy("/cf");
  const settings = path.join(folder, "rivera.yml");
  writeFileSync(settings, `rivera: { web_addresses: ["${proxy.url}/rivera/"] }\n`);
  platform = await TestPlatform.start({ flags: ["--config", settings] });
  proxy.target = platform.addresses.api;
  browser = await WatchedBrowser.open([proxy.target, new URL(proxy.url).origin]);
  api = await loggedIn(platform.addresses);
  assert.equal((await platform.rivera(["login"])).status, 0);
  await Promise.all([pushAll(), addStranger()]);
  const builds = (await api("GET", "/v3/builds?states=FAILED")).json.resources;
  failedBuild = builds[0].guid;
});

after(async () => {
  await browser?.[Symbol.asyncDispose]();
  await proxy?.[Symbol.asyncDispose]();
  await platform?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

afterEach(() => {
  if (skip !== false) return;
  assert.deepEqual(browser.complaints.splice(0), []);
});

async function pushAll(): Promise<void> {
  const pushes = Object.entries(pageApps).map(async ([name, { files, flags, fails }]) => {
    using source = appFolder(files);
    const pushed = await platform.rivera(["push", name, ...flags], { cwd: source.path });
    assert.equal(pushed.status, fails ? 1 : 0, `${pushed.stdout}\n${pushed.stderr}`);
  });
  await Promise.all(pushes);
}

async function addStranger(): Promise<void> {
  const { uaa } = platform.addresses;
  const answer = await fetch(`${uaa}/Users`, {
    method: "POST",
    headers: { authorization: `bearer ${api.token}`, "content-type": "application/json" },
    body: JSON.stringify({
      userName: stranger.username,
      password: stranger.password,
      emails: [{ value: stranger.username, primary: true }],
    }),
  });
  assert.equal(answer.status, 201, await answer.text());
}

async function signIn(page: Page, user: { username: string; password: string }): Promise<void> {
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByLabel("Email").fill(user.username);
  await page.getByLabel("Password").fill(user.password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

async function signedIn(): Promise<Page> {
  const page = await browser.newPerson();
  const { stdout, status } = await platform.rivera(["dashboard"]);
  assert.equal(status, 0);
  await page.goto(stdout.trim());
  await page.getByRole("heading", { name: "Apps", level: 1 }).waitFor();
  return page;
}

test(
  "a browser at the API's address is led to the page, signs in by form and sees every app",
  { skip },
  async () => {
    const page = await browser.newPerson();
    await page.goto(platform.addresses.api);
    assert.equal(page.url(), `${platform.addresses.api}/rivera/`);
    await signIn(page, platform.addresses.admin);

    const rows = page.getByRole("row");
    await rows
      .filter({ hasText: "noisy" })
      .filter({ hasText: "running" })
      .filter({ hasText: "1/1" })
      .waitFor();
    await rows.filter({ hasText: "broken" }).filter({ hasText: "failed" }).waitFor();
    assert.doesNotMatch(page.url(), /code=|state=/, "the code is out of the address");

    await page.getByLabel("Space").selectOption({ label: "rivera / dev" });
    await page.waitForURL(/#\/apps\?space=/);
    await rows.filter({ hasText: "noisy" }).waitFor();
    await page.reload();
    await rows.filter({ hasText: "noisy" }).waitFor();

    // Another tab is in without a form, as long as the login at UAA lasts.
    const second = await page.context().newPage();
    await second.goto(`${platform.addresses.api}/rivera/#/builds/${failedBuild}`);
    await second.getByRole("heading", { name: /^broken\s*Build/, level: 1 }).waitFor();

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
  },
);

test(
  "an app shows its instance, its log and its last event; what it says stays text",
  { skip },
  async () => {
    const page = await signedIn();
    await page.getByRole("link", { name: "noisy", exact: true }).click();
    await page.getByRole("heading", { name: /noisy$/, level: 1 }).waitFor();
    await page.getByRole("row").filter({ hasText: "#0" }).filter({ hasText: "running" }).waitFor();
    await page.getByText("bash noisy.sh").waitFor();

    await page.getByRole("link", { name: "Logs" }).click();
    const log = page.getByRole("region", { name: "Log of the app" });
    const hostile = log.getByText("end of hostile");
    await hostile.waitFor();
    assert.equal(await log.locator("img").count(), 0);
    assert.match(await page.title(), /^noisy /);
    const text = (
      await log.locator(".log-line", { has: page.getByText("end of hostile") }).innerText()
    ).trim();
    assert.match(text, /red <img src=x onerror=alert\(1\)> \ufffd\ufffd end of hostile$/);
    assert.equal(await log.getByText("red", { exact: true }).getAttribute("class"), "ink-red");
    assert.ok(
      (await log.locator(".log-line").count()) < 200,
      "not every line stands in the document",
    );
    await page.getByLabel("Filter").fill("LINE 2999 OF");
    await log.getByText("line 2999 of many").waitFor();
    assert.equal(await log.locator(".log-line").count(), 1);

    await page.getByRole("link", { name: "Events" }).click();
    await page.getByText("audit.app.create", { exact: true }).waitFor();
  },
);

test(
  "an app whose instance has crashed tells how it ended, and a page of apps that there is not leads to the last",
  { skip },
  async () => {
    const page = await signedIn();
    await page.getByRole("link", { name: "crashing", exact: true }).click();
    const crash = page.locator(".notice-bad");
    await crash.getByText(/^Instance #0 crashed, /).waitFor();
    await crash.getByText("APP/PROC/WEB: Exited with status 7", { exact: true }).waitFor();
    await crash.getByRole("link", { name: "What it said" }).click();
    await page
      .getByRole("region", { name: "Log of the app" })
      .getByText(/status 7/)
      .first()
      .waitFor();

    await page.evaluate(`location.hash = "#/apps?page=99"`);
    await page.getByText("There is no page 99").waitFor();
    await page.getByRole("link", { name: "Page 1" }).click();
    await page.getByRole("link", { name: "crashing", exact: true }).waitFor();

    await page.evaluate(`location.hash = "#/nowhere"`);
    await page.getByRole("heading", { name: "There is no such view", level: 1 }).waitFor();
    assert.equal(await page.title(), "There is no such view · Rivera");
  },
);

test(
  "a failed build shows its reason first, the log open where it failed, timeline and detection",
  { skip },
  async () => {
    const page = await signedIn();
    await page
      .getByRole("row")
      .filter({ hasText: "broken" })
      .getByRole("link", { name: /failed/ })
      .click();

    const reason = page.getByRole("alert");
    await reason.getByText("The buildpack failed while it built the app").waitFor();
    await reason.getByText("App staging failed in the buildpack compile phase").waitFor();
    await reason.getByText(/ended with exit status 1: SyntaxError: Unexpected token/).waitFor();
    await reason.getByText("SyntaxError: Unexpected token in app.js:12", { exact: true }).waitFor();
    assert.match(page.url(), new RegExp(`#/builds/${failedBuild}$`));
    const log = page.getByRole("region", { name: "Log of the staging" });
    const red = log.getByRole("button", { name: /nodejs_buildpack.*failed/ });
    assert.equal(await red.getAttribute("aria-expanded"), "true");
    const cause = log.getByText("SyntaxError: Unexpected token in app.js:12", { exact: true });
    await cause.waitFor();
    await red.focus();
    await page.keyboard.press("Enter");
    assert.equal(await red.getAttribute("aria-expanded"), "false");
    assert.equal(await cause.count(), 0);

    await page.getByRole("link", { name: "Timeline" }).click();
    await page
      .getByRole("row")
      .filter({ hasText: "supply nodejs_buildpack" })
      .filter({ hasText: "failed" })
      .waitFor();
    await page.getByRole("link", { name: "Detection" }).click();
    const declined = page.getByRole("listitem").filter({ hasText: "ruby_buildpack" });
    await declined.getByText("declined").waitFor();
    await declined.getByText("no Gemfile").waitFor();
    await page.getByRole("link", { name: "Droplet" }).click();
    await page.getByText("The staging failed, so there is no droplet.").waitFor();
  },
);

test(
  "a staging is followed as it goes and to its end; what is deleted meanwhile is said to be gone",
  { skip },
  async () => {
    const page = await signedIn();
    using source = appFolder({
      "package.json": JSON.stringify({
        name: "slow",
        version: "1.0.0",
        scripts: { start: "node server.js", "heroku-postbuild": "node build.js" },
      }),
      "build.js": `console.log("first words"); setTimeout(() => console.log("last words"), 6000);`,
    });
    const pushing = platform.rivera(["push", "slow", "--no-start"], { cwd: source.path });
    assert.equal((await pushing).status, 0);
    const app = (await api("GET", "/v3/apps?names=slow")).json.resources[0].guid;
    const bits = (await api("GET", `/v3/apps/${app}/packages`)).json.resources[0].guid;
    const build = (await api("POST", "/v3/builds", { package: { guid: bits } })).json.guid;

    await page.evaluate(`location.hash = ${JSON.stringify(`#/builds/${build}`)}`);
    const state = page.getByRole("main").getByRole("status").filter({ hasText: /^stag/ });
    const log = page.getByRole("region", { name: "Log of the staging" });
    await log.getByText("first words").waitFor();
    assert.equal(await state.innerText(), "staging");
    await state.getByText("staged").waitFor();
    await page.getByLabel("Filter").fill("last words");
    await log.getByText("last words").waitFor();
    await page.getByRole("link", { name: "Droplet" }).click();
    await page.getByRole("row").filter({ hasText: "nodejs_buildpack" }).waitFor();
    await page.getByRole("button", { name: "List the files" }).click();
    const files = page.getByRole("region", { name: "Files of the droplet" });
    await files.getByText("app/build.js", { exact: true }).waitFor();
    await page.getByRole("row").filter({ hasText: /^app/ }).first().waitFor();

    assert.equal((await api("DELETE", `/v3/apps/${app}`)).status, 202);
    await page.getByText("It is not here").waitFor();
  },
);

test(
  "the page is whole at 360 pixels, and every view begins with a heading",
  { skip },
  async () => {
    const page = await signedIn();
    await page.setViewportSize({ width: 360, height: 700 });
    const apps = (await api("GET", "/v3/apps?names=noisy")).json.resources;
    for (const view of [
      "",
      `apps/${apps[0].guid}`,
      `builds/${failedBuild}`,
      `builds/${failedBuild}/timeline`,
    ]) {
      await page.evaluate(`location.hash = ${JSON.stringify(`#/${view}`)}`);
      await page.getByRole("main").getByRole("heading", { level: 1 }).waitFor();
      await page.getByText(/^Loading/).waitFor({ state: "detached" });
      const wider: unknown = await page.evaluate(
        "document.documentElement.scrollWidth - innerWidth",
      );
      assert.ok(Number(wider) <= 0, `#/${view} is ${Number(wider)} pixels too wide`);
    }
  },
);

test(
  "a user without a role sees no app, and no build of others by its address",
  { skip },
  async () => {
    const page = await browser.newPerson();
    await page.goto(`${platform.addresses.api}/rivera/#/builds/${failedBuild}`);
    await signIn(page, stranger);

    await page.getByRole("heading", { name: "It is not here", level: 1 }).waitFor();
    assert.equal(await page.getByText("SyntaxError").count(), 0);
    await page.getByRole("link", { name: "All apps" }).click();
    await page.getByText("No app yet").waitFor();
  },
);

test(
  "the address of rivera dashboard signs in once, and not over another login",
  { skip },
  async () => {
    const { stdout } = await platform.rivera(["dashboard"]);
    const address = stdout.trim();
    const other = await browser.newPerson();
    await other.goto(`${platform.addresses.api}/rivera/`);
    await signIn(other, stranger);
    await other.getByText("No app yet").waitFor();
    await other.goto(address);
    await other.reload();
    await other.getByText("stranger", { exact: true }).waitFor();

    const first = await browser.newPerson();
    await first.goto(address);
    await first.getByRole("link", { name: "noisy", exact: true }).waitFor();
    assert.doesNotMatch(first.url(), /sign-in=/);
    const second = await browser.newPerson();
    await second.goto(address);
    await second.getByText("The code was used before").waitFor();
    // UAA's refusal is what this is about; Chromium calls it an error.
    const refusals = browser.complaints.splice(0);
    assert.ok(
      refusals.every((text) => /status of 400/.test(text)),
      refusals.join("\n"),
    );
  },
);

test(
  "below a path of a proxy the page signs in and works as at its own address",
  { skip },
  async () => {
    const page = await browser.newPerson();
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.goto(`${proxy.url}/rivera/`);
    await signIn(page, platform.addresses.admin);

    await page.getByRole("row").filter({ hasText: "noisy" }).waitFor();
    await page.getByRole("link", { name: "noisy", exact: true }).click();
    await page.getByRole("row").filter({ hasText: "#0" }).waitFor();
    assert.deepEqual(
      asked.filter((url) => !url.startsWith(`${proxy.url}/`)),
      [],
    );
  },
);

test(
  "a terminal in a failed staging, below a path of a proxy: typed into, left by keyboard, harmed by nothing it shows",
  { skip },
  async () => {
    const page = await browser.newPerson();
    await page.goto(`${proxy.url}/rivera/#/builds/${failedBuild}`);
    await signIn(page, platform.addresses.admin);

    await page.getByRole("link", { name: "look into its container" }).click();
    await page.getByText("What failed: /tmp/buildpacks/").waitFor();
    await page.getByRole("button", { name: "Open a terminal" }).click();
    const close = page.getByRole("button", { name: "Close the terminal" });
    await close.waitFor();
    const screen = page.locator(".xterm-rows");
    await screen.getByText("vcap:/tmp/app$").waitFor();
    await page.keyboard.type("cat build.js; echo sum $((40+2))\n");
    await screen.getByText("sum 42").waitFor();
    await screen.getByText("SyntaxError: Unexpected token").waitFor();
    await page.keyboard.type(
      String.raw`printf '\033]0;pwned\007\033]52;c;cHduZWQ=\007\033[38;2;9;99;9m%s <img src=x>\033[0m\n' coloured` +
        "\n",
    );
    await screen.getByText("coloured <img src=x>", { exact: true }).waitFor();
    assert.doesNotMatch(await page.title(), /pwned/);
    assert.equal(await screen.locator("img").count(), 0);
    await page.keyboard.press("F6");
    assert.equal(await page.locator(":focus").innerText(), "Close the terminal");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.type("exit 4\n");
    await page.getByText("The shell has ended with status 4.").waitFor();
    await page.getByRole("button", { name: "Open another" }).click();
    await close.click();
    await page.getByText("The connection is closed.").waitFor();
  },
);
