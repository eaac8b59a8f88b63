import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { detectionOrder } from "#cloud-controller/buildpacks/detection-order.ts";
import type { Files } from "../staging-folder.ts";
import { examplesDir, folderWithShippedBuildpacks, network } from "./shipped-buildpacks.ts";

/** No registry answers there: whatever asks one fails at once. */
const noNetwork = { npm_config_registry: "http://127.0.0.1:9", npm_config_fetch_retries: "0" };

const deadProxy = { HTTPS_PROXY: "http://127.0.0.1:9", npm_config_fetch_retries: "0" };

const packageJson = (contents: object): Files => ({ "package.json": JSON.stringify(contents) });

test("node-hello is installed from its lock file, answers, and is installed from the cache the second time", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.appFolder(path.join(examplesDir, "node-hello"));

  const first = await folder.stage({ order: detectionOrder, env: network });

  assert.deepEqual([first.status, first.stderr], [0, ""]);
  assert.match(first.stdout, /^-----> Nodejs Buildpack version 0\.1\.0 \(embedded\)\n/);
  assert.match(first.stdout, /npm ci\n/);
  assert.ok((await folder.list("droplet")).includes("./app/node_modules/ms/package.json"));
  await using app = await folder.serve(await folder.unpackDroplet(), "npm start", {
    CF_INSTANCE_INDEX: "2",
  });
  const response = await fetch(app.url);
  assert.match(await response.text(), /^Hello from Rivera on Cloud Foundry: instance 2, up for /);

  const cache = await readFile(folder.path("output-cache"));
  await folder.carryCacheOver();
  await folder.appFolder(path.join(examplesDir, "node-hello"));
  // The same registry, but no way to it.
  const second = await folder.stage({ order: detectionOrder, env: { ...network, ...deadProxy } });

  assert.deepEqual([second.status, second.stderr], [0, ""]);
  assert.ok(cache.equals(await readFile(folder.path("output-cache"))), "the cache is another");
  assert.ok((await folder.list("droplet")).includes("./app/node_modules/ms/package.json"));
});

test("an app without packages touches no network, and its development packages are not installed", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.app({
    ...packageJson({ devDependencies: { "is-number": "7.0.0" } }),
    "server.js": "",
  });

  const staged = await folder.stage({ order: detectionOrder, env: noNetwork });

  assert.deepEqual([staged.status, staged.stderr], [0, ""]);
  assert.match(staged.stdout, /package\.json asks for no packages: nothing to install\n/);
  // npm itself no longer starts a server.js without a start script.
  assert.match(JSON.stringify(staged.result), /"process_types":\{"web":"node server\.js"\}/);
});

test("packages of the app's own folders are installed without a registry, their scripts run", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.app({
    ...packageJson({ dependencies: { local: "file:local" } }),
    "local/package.json": JSON.stringify({
      name: "local",
      version: "1.0.0",
      scripts: { install: "cp source.txt built.js" },
    }),
    "local/source.txt": 'module.exports = "from a local package";',
    "local/index.js": 'module.exports = require("./built.js");',
    "server.js":
      'console.log(require("local"), process.env.NODE_ENV, process.env.WEB_MEMORY, process.env.MEMORY_AVAILABLE);',
  });

  const staged = await folder.stage({ order: detectionOrder, env: noNetwork });

  assert.deepEqual([staged.status, staged.stderr], [0, ""]);
  const end = await folder.launch(await folder.unpackDroplet(), "node server.js", {
    MEMORY_LIMIT: "256m",
  });
  assert.match(end.stdout, /from a local package production 512 256\n/);
});

test("node_modules that came with the app are kept and rebuilt, without network", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.app({
    ...packageJson({ dependencies: { vendored: "1.0.0" } }),
    "node_modules/vendored/package.json": JSON.stringify({ name: "vendored", version: "1.0.0" }),
    "node_modules/vendored/index.js": "",
    "server.js": "",
  });

  const staged = await folder.stage({ order: detectionOrder, env: noNetwork });

  assert.deepEqual([staged.status, staged.stderr], [0, ""]);
  assert.match(staged.stdout, /Prebuild detected \(node_modules already exists\)/);
  assert.ok((await folder.list("droplet")).includes("./app/node_modules/vendored/index.js"));
});

test("heroku-prebuild runs before the installation and heroku-postbuild after it", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.app({
    ...packageJson({
      dependencies: { late: "file:late" },
      scripts: {
        "heroku-prebuild": "test ! -e node_modules && echo before",
        "heroku-postbuild": "test -e node_modules/late && echo after",
        build: "echo build must not run",
      },
    }),
    "late/package.json": JSON.stringify({ name: "late", version: "1.0.0" }),
    "server.js": "",
  });

  const staged = await folder.stage({ order: detectionOrder, env: noNetwork });

  assert.deepEqual([staged.status, staged.stderr], [0, ""]);
  assert.match(staged.stdout, /before\n[^]*after\n/);
  assert.doesNotMatch(staged.stdout, /build must not run/);
});

test("an engines range that the stack satisfies installs nothing; one that it does not is asked of the registry", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.app({ ...packageJson({ engines: { node: ">=20" } }), "server.js": "" });
  const satisfied = await folder.stage({ order: detectionOrder, env: noNetwork });
  assert.equal(satisfied.status, 0);
  assert.match(satisfied.stdout, /Using node v\d+\.\d+\.\d+ of the stack/);

  await folder.app({ ...packageJson({ engines: { node: "12.x" } }), "server.js": "" });
  const other = await folder.stage({ order: detectionOrder, env: noNetwork });

  assert.equal(other.status, 223);
  assert.match(other.stdout, /Installing node 12\.x: the stack has v/);
  assert.match(other.stderr, /Cannot install node 12\.x from the npm registry/);
});

test(".nvmrc counts when package.json names no version", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.app({ ...packageJson({}), ".nvmrc": "lts/gallium\n", "server.js": "" });

  const staged = await folder.stage({ order: detectionOrder, env: noNetwork });

  assert.equal(staged.status, 223);
  assert.match(staged.stdout, /Installing node 16: the stack has v/);
});

test("bad input of a Node app ends in one line that names it", async (t) => {
  const cases: readonly { readonly name: string; readonly files: Files; readonly error: RegExp }[] =
    [
      {
        name: "package.json is not JSON",
        files: { "package.json": "{ name: 1 }" },
        error: /\*\*ERROR\*\* Cannot read package\.json: /,
      },
      {
        name: "a range that is none",
        files: packageJson({ engines: { node: "the newest" } }),
        error:
          /\*\*ERROR\*\* The version of node that the app asks for, "the newest", is not a semver range\./,
      },
      {
        name: "a script fails",
        files: packageJson({ scripts: { "heroku-postbuild": "exit 3" } }),
        error: /\*\*ERROR\*\* The script "heroku-postbuild" of package\.json failed: see above\./,
      },
      {
        name: "no package can be had",
        files: packageJson({ dependencies: { "is-number": "7.0.0" } }),
        error: /\*\*ERROR\*\* npm install failed: see above\./,
      },
    ];
  for (const { name, files, error } of cases) {
    await t.test(name, async () => {
      await using folder = await folderWithShippedBuildpacks();
      await folder.app(files);

      const staged = await folder.stage({
        order: ["nodejs_buildpack"],
        skipDetect: true,
        env: noNetwork,
      });

      assert.equal(staged.status, 223);
      assert.match(staged.stderr, error);
    });
  }
});

test("a supplying nodejs_buildpack hands Node to the buildpack after it", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.app({ ...packageJson({}), Procfile: "web: node -p 40+2\n" });

  const staged = await folder.stage({
    order: ["nodejs_buildpack", "procfile_buildpack"],
    skipDetect: true,
    env: noNetwork,
  });

  assert.deepEqual([staged.status, staged.stderr], [0, ""]);
  const end = await folder.launch(await folder.unpackDroplet(), "node -p 40+2");
  assert.match(end.stdout, /42\n$/);
});

test("yarn.lock is installed with yarn", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.app({
    ...packageJson({
      name: "app",
      version: "1.0.0",
      license: "MIT",
      dependencies: { local: "file:local" },
    }),
    "yarn.lock": '# yarn lockfile v1\n\n\n"local@file:local":\n  version "1.0.0"\n',
    "local/package.json": JSON.stringify({ name: "local", version: "1.0.0" }),
    "server.js": "",
  });

  const staged = await folder.stage({ order: detectionOrder, env: noNetwork });

  assert.equal(staged.status, 0);
  assert.match(staged.stdout, /Using yarn 1\./);
  assert.ok((await folder.list("droplet")).includes("./app/node_modules/local/package.json"));
});

test("an app behind npm start hears of SIGTERM and ends in its own way", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.app({
    ...packageJson({ scripts: { start: "node server.js" } }),
    "server.js": `
      require("node:http").createServer().listen(process.env.PORT);
      process.on("SIGTERM", () => { console.log("bye"); process.exit(0); });`,
  });
  await folder.stage({ order: detectionOrder, env: noNetwork });
  const app = await folder.serve(await folder.unpackDroplet(), "npm start");

  const status = await app.stopMainProcess();

  assert.equal(status, 0);
  assert.match(await app.output(), /^bye$/m);
});
