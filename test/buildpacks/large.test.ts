import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { answer, push, setEnv, skipLarge } from "../support/stage-and-serve.ts";
import { TestPlatform } from "../support/test-platform.ts";

const fixtures = path.resolve(import.meta.dirname, "../fixtures");
const skip = skipLarge;
const timeout = 900_000;
let platform: TestPlatform;

before(async () => {
  if (skip !== false) return;
  platform = await TestPlatform.start();
  assert.equal((await platform.rivera(["login"])).status, 0);
});

after(async () => {
  await platform?.[Symbol.asyncDispose]();
});

test(
  "a Next.js app is built, the second time with its build cache",
  { skip, timeout },
  async () => {
    const options = { cwd: path.join(fixtures, "next-app"), args: ["-m", "512M"] };

    const first = await push(platform, "next", options);

    assert.match(first, /Running heroku-postbuild \(npm\)/);
    const page = await answer(platform, "next", "/?name=you");
    assert.equal(page.status, 200);
    assert.match(page.body, /<h1>Hello you from Next\.js<\/h1>/);

    await setEnv(platform, "next", ["npm_config_offline", "true"]);
    const second = await push(platform, "next", options);

    assert.match(second, /Restoring \.next\/cache from the cache/);
    assert.match(second, /Using the npm cache of the last staging \([\d.]+M\)/);
    assert.match(
      (await answer(platform, "next", "/?name=again")).body,
      /Hello again from Next\.js/,
    );
  },
);

test("uv installs what uv.lock has, the second time nothing", { skip, timeout }, async () => {
  const options = { cwd: path.join(fixtures, "uv-app"), args: ["-m", "64M"] };

  const first = await push(platform, "uv-app", options);

  assert.match(first, /Running uv sync --locked --no-dev/);
  assert.match(first, /\+ paint==1\.0\.0/);
  assert.equal((await answer(platform, "uv-app")).body, "A wall in teal\n");

  await setEnv(platform, "uv-app", ["UV_OFFLINE", "1"]);
  const second = await push(platform, "uv-app", options);

  assert.match(second, /Using the packages of the last staging/);
  assert.doesNotMatch(second, /Installing uv for the staging/);
  assert.equal((await answer(platform, "uv-app")).body, "A wall in teal\n");
});
