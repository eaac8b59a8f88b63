import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { answer, push, setEnv } from "../support/stage-and-serve.ts";
import { TestPlatform } from "../support/test-platform.ts";

// Apps whose staging builds little, each found by detection, staged and served twice on one platform.

const fixtures = path.resolve(import.meta.dirname, "../fixtures");
let platform: TestPlatform;

before(async () => {
  platform = await TestPlatform.start();
  assert.equal((await platform.rivera(["login"])).status, 0);
});

after(async () => {
  await platform?.[Symbol.asyncDispose]();
});

test("an app with an nginx.conf is served by the stack's nginx, its templates filled in", async () => {
  const cwd = path.join(fixtures, "nginx-app");
  await push(platform, "with-nginx", { cwd, args: ["-m", "64M", "--no-start"] });
  for (const greeter of ["the first staging", "the second staging"]) {
    await setEnv(platform, "with-nginx", ["GREETER", greeter]);
    const shown = await push(platform, "with-nginx", { cwd, args: ["-m", "64M"] });

    assert.match(shown, /Nginx Buildpack version .*\n.*Using nginx [\d.]+ of the stack/);
    assert.deepEqual(await answer(platform, "with-nginx", "/greeting"), {
      status: 200,
      body: `Hello from ${greeter}\n`,
    });
    assert.match((await answer(platform, "with-nginx", "/where")).body, /^port \d+$/m);
    assert.match((await answer(platform, "with-nginx", "/style.css")).body, /teal/);
  }
});
