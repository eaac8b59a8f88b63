import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { appFolder, nodeServer } from "../support/app-folder.ts";
import { OfficialUser, withoutOfficialClient } from "../support/official-client.ts";
import { plainJar } from "../support/plain-jar.ts";
import { answer, hasProgram } from "../support/stage-and-serve.ts";
import { TestPlatform } from "../support/test-platform.ts";

// One app of each shipped buildpack, pushed by the official client: what the other tests here do with ours.

const root = path.resolve(import.meta.dirname, "../..");
let platform: TestPlatform;
let user: OfficialUser;

before(async () => {
  if (withoutOfficialClient !== false) return;
  platform = await TestPlatform.start();
  user = new OfficialUser(platform, "admin");
  const { api, admin } = platform.addresses;
  await cf(["login", "-a", api, "-u", admin.username, "-p", admin.password]);
});

after(async () => {
  await platform?.[Symbol.asyncDispose]();
});

async function cf(args: readonly string[], cwd = root): Promise<string> {
  const { status, stdout, stderr } = await user.cf(args, { cwd });
  assert.equal(status, 0, stdout + stderr);
  return stdout;
}

/** A row of the droplet's buildpacks in the app's summary; the log names all that were downloaded to be asked. */
function used(buildpack: string): RegExp {
  return new RegExp(`^\\s+${buildpack}_buildpack +\\d+\\.\\d+\\.\\d+ `, "m");
}

const pushes: readonly {
  readonly buildpack: string;
  readonly folder: string;
  readonly args?: readonly string[];
  readonly asks?: string;
  readonly says: RegExp;
  readonly needs?: string;
}[] = [
  { buildpack: "staticfile", folder: "test/fixtures/single-page", says: /A single page/ },
  {
    buildpack: "nodejs",
    folder: "test/fixtures/express-app",
    asks: "/hello/cf",
    says: /^Hello cf from Express/,
  },
  {
    buildpack: "python",
    folder: "test/fixtures/flask-app",
    asks: "/hello/cf",
    says: /^Hello cf from Flask/,
  },
  { buildpack: "nginx", folder: "test/fixtures/nginx-app", asks: "/where", says: /^port \d+$/m },
  { buildpack: "ruby", folder: "test/fixtures/rack-app", asks: "/?cf", says: /^Hello cf from / },
  {
    buildpack: "php",
    folder: "test/fixtures/php-page",
    asks: "/?name=cf",
    says: /^Hello CF from /,
  },
  {
    buildpack: "go",
    folder: "test/fixtures/go-module",
    asks: "/hello/cf",
    says: /^Hello cf from Go/,
    needs: "go",
  },
  {
    buildpack: "binary",
    folder: "test/fixtures/apt-app",
    args: ["-b", "apt_buildpack", "-b", "binary_buildpack"],
    says: /____ {2}_ /,
  },
];

for (const { buildpack, folder, args = [], asks, says, needs } of pushes) {
  const isMissing = needs !== undefined && !hasProgram(needs);
  const skip = withoutOfficialClient || (isMissing ? `there is no ${needs}` : false);
  test(`cf push stages and starts an app of ${buildpack}_buildpack`, { skip }, async () => {
    const name = `cf-${buildpack}`;
    const shown = await cf(["push", name, "-m", "128M", ...args], path.join(root, folder));

    assert.match(shown, used(buildpack));
    const { status, body } = await answer(platform, name, asks);
    assert.equal(status, 200, body);
    assert.match(body, says);
  });
}

test(
  "cf push stages and starts an app of procfile_buildpack",
  { skip: withoutOfficialClient },
  async () => {
    using folder = appFolder(nodeServer("by Procfile"));
    const shown = await cf(["push", "cf-procfile", "-m", "64M"], folder.path);

    assert.match(shown, used("procfile"));
    assert.equal((await answer(platform, "cf-procfile")).body, "by Procfile 0");
  },
);

test(
  "cf push -p of a jar runs it with java_buildpack",
  { skip: withoutOfficialClient || (hasProgram("javac") ? false : "there is no JDK") },
  async () => {
    const shown = await cf([
      "push",
      "cf-java",
      "-m",
      "256M",
      "-p",
      await plainJar(platform.dataDir),
    ]);

    assert.match(shown, used("java"));
    assert.match((await answer(platform, "cf-java")).body, /^Hello from Java, heap \d+ MB/);
  },
);
