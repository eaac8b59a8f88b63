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

test("a Rack app runs on the stack's gems and on one that lies in the app", async () => {
  const cwd = path.join(fixtures, "rack-app");
  for (const friend of ["first", "second"]) {
    const shown = await push(platform, "rack-app", { cwd, args: ["-m", "128M"] });

    assert.match(shown, /Using ruby [\d.]+ and bundler [\d.]+ of the stack/);
    assert.match(shown, /Bundle complete! 3 Gemfile dependencies/);
    assert.deepEqual(await answer(platform, "rack-app", `/?${friend}`), {
      status: 200,
      body: `Hello ${friend} from production Ruby\n`,
    });
  }
});

test("a PHP page in its web folder finds the packages that Composer has installed", async () => {
  const cwd = path.join(fixtures, "php-page");
  for (const name of ["first", "second"]) {
    const shown = await push(platform, "php-page", { cwd, args: ["-m", "128M"] });

    assert.match(shown, /Using php [\d.]+ of the stack/);
    assert.match(shown, /Installing rivera\/greeting \(1\.0\.0\)/);
    const page = await answer(platform, "php-page", `/any/path?name=${name}`);
    assert.deepEqual(page, {
      status: 200,
      body: `Hello ${name.toUpperCase()} from PHP at /any/path?name=${name}\n`,
    });
    assert.equal((await answer(platform, "php-page", "/plain.txt")).body, "a file\n");
    const outside = await answer(platform, "php-page", "/composer.json");
    assert.doesNotMatch(outside.body, /rivera\/greeting/);
  }
});

test("an app runs a program that came as a package of the distribution", async () => {
  const cwd = path.join(fixtures, "apt-app");
  const args = ["-m", "64M", "-b", "apt_buildpack", "-b", "binary_buildpack"];
  for (const [staging, told] of [
    ["first", /There is no package cache yet/],
    ["second", /Using the package cache of the last staging \([\d.]+[KM]\)/],
  ] as const) {
    const shown = await push(platform, "apt-app", { cwd, args });

    assert.match(shown, told);

    assert.match(shown, /Unpacking figlet_/, staging);
    // Only what the stack lacks: not a C library with every program.
    assert.doesNotMatch(shown, /Unpacking libc6_/);
    assert.match((await answer(platform, "apt-app")).body, /____ {2}_ /);
  }
});
