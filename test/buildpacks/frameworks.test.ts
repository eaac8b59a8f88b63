import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { answer, push, setEnv } from "../support/stage-and-serve.ts";
import { TestPlatform } from "../support/test-platform.ts";

// Apps of known frameworks with packages from the registries, each found by detection, staged and served twice on one
// platform, the second time from its cache.

const fixtures = path.resolve(import.meta.dirname, "../fixtures");
let platform: TestPlatform;

before(async () => {
  platform = await TestPlatform.start();
  assert.equal((await platform.rivera(["login"])).status, 0);
});

after(async () => {
  await platform?.[Symbol.asyncDispose]();
});

test("an Express app is installed from its lock file, then from the cache alone", async () => {
  const options = { cwd: path.join(fixtures, "express-app"), args: ["-m", "128M"] };

  const first = await push(platform, "express", options);

  assert.match(first, /There is no npm cache yet/);
  assert.match(first, /added \d+ packages/);
  const hello = await answer(platform, "express", "/hello/you");
  assert.deepEqual(hello, { status: 200, body: "Hello you from Express in production\n" });

  // npm ends with an error where the cache lacks a package.
  await setEnv(platform, "express", ["npm_config_offline", "true"]);
  const second = await push(platform, "express", options);

  assert.match(second, /Using the npm cache of the last staging \([\d.]+M\)/);
  assert.match(second, /Build artifacts cache is unchanged/);
  assert.match((await answer(platform, "express", "/hello/again")).body, /^Hello again from/);
});

for (const { name, loaded, greeting } of [
  { name: "flask", loaded: /Downloading flask-3/i, greeting: "Hello you from Flask over http\n" },
  {
    name: "fastapi",
    loaded: /Downloading fastapi-0/i,
    greeting: '{"greeting":"Hello you from FastAPI","times":1}',
  },
]) {
  test(`a ${name} app is installed by pip, the second time from its cache`, async () => {
    const options = { cwd: path.join(fixtures, `${name}-app`), args: ["-m", "128M"] };

    const first = await push(platform, name, options);

    assert.match(first, loaded);
    assert.deepEqual(await answer(platform, name, "/hello/you"), { status: 200, body: greeting });

    const second = await push(platform, name, options);

    assert.match(second, /Using the packages of the last staging \([\d.]+M\)/);
    assert.doesNotMatch(second, loaded);
    assert.deepEqual(await answer(platform, name, "/hello/you"), { status: 200, body: greeting });
  });
}

test("a single page app answers on every path, and its files have their types", async () => {
  const options = { cwd: path.join(fixtures, "single-page"), args: ["-m", "32M"] };
  for (const staging of ["first", "second"]) {
    const shown = await push(platform, "single-page", options);

    assert.match(shown, /Setting pushstate: enabled/);
    const page = await answer(platform, "single-page", `/orders/${staging}`);
    assert.equal(page.status, 200);
    assert.match(page.body, /<div id="app">/);
    const code = await answer(platform, "single-page", "/assets/index-3f2a91bc.js");
    assert.match(code.body, /^document\.querySelector/);
  }
});
