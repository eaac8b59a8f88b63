import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { detectionOrder } from "#cloud-controller/buildpacks/detection-order.ts";
import { buildpacksDir, examplesDir, folderWithShippedBuildpacks } from "./shipped-buildpacks.ts";

test("every buildpack in the tree has its place in the order of detection", async () => {
  assert.deepEqual((await readdir(buildpacksDir)).sort(), [...detectionOrder].sort());
});

test("every shipped buildpack has executable scripts, a version and a manifest", async () => {
  for (const name of detectionOrder) {
    for (const script of ["detect", "supply", "finalize", "release"]) {
      const { mode } = await stat(path.join(buildpacksDir, name, "bin", script));
      assert.equal(mode & 0o111, 0o111, `${name}/bin/${script} is not executable`);
    }
    const version = await readFile(path.join(buildpacksDir, name, "VERSION"), "utf8");
    assert.match(version, /^\d+\.\d+\.\d+ \(embedded\)\n$/);
    const manifest = await readFile(path.join(buildpacksDir, name, "manifest.yml"), "utf8");
    assert.match(manifest, new RegExp(`^language: ${name.replace("_buildpack", "")}$`, "m"));
  }
});

test("the part that the buildpacks share is the same in all of them", async () => {
  const copies = await Promise.all(
    detectionOrder.map((name) =>
      readFile(path.join(buildpacksDir, name, "lib", "buildpack.sh"), "utf8"),
    ),
  );
  assert.equal(new Set(copies).size, 1);
  const types = ["nginx_buildpack/launch", "php_buildpack/launch", "staticfile_buildpack/server"];
  const tables = await Promise.all(
    types.map((folder) => readFile(path.join(buildpacksDir, folder, "mime.types"), "utf8")),
  );
  assert.equal(new Set(tables).size, 1);
});

test("an app that no buildpack wants is told what was tried and why each declined", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.app({ "main.rs": "fn main() {}" });

  const staged = await folder.stage({ order: detectionOrder });

  assert.equal(staged.status, 222);
  assert.equal(
    staged.stderr,
    [
      "Tried the staticfile buildpack 0.1.0 (embedded): no Staticfile in the root folder of the app (an empty one is enough to serve its files)",
      "Tried the java buildpack 0.1.0 (embedded): no META-INF/MANIFEST.MF with a Main-Class, no WEB-INF, no .jar or .war and no pom.xml in the root folder of the app",
      "Tried the ruby buildpack 0.1.0 (embedded): no Gemfile in the root folder of the app",
      "Tried the nodejs buildpack 0.1.0 (embedded): no package.json in the root folder of the app",
      "Tried the go buildpack 0.1.0 (embedded): no go.mod in the root folder of the app, nor a vendor folder with Go files",
      "Tried the python buildpack 0.1.0 (embedded): no requirements.txt, setup.py, Pipfile or pyproject.toml in the root folder of the app",
      "Tried the php buildpack 0.1.0 (embedded): no composer.json and no .php file in the root folder of the app or one below",
      "Tried the nginx buildpack 0.1.0 (embedded): no nginx.conf in the root folder of the app",
      "Tried the binary buildpack 0.1.0 (embedded): only used when it is asked for: -b binary_buildpack",
      "Tried the apt buildpack 0.1.0 (embedded): only used when it is asked for, before another: -b apt_buildpack -b binary_buildpack",
      "Tried the procfile buildpack 0.1.0 (embedded): no Procfile in the root folder of the app",
      "None of the buildpacks detected a compatible application",
      "",
    ].join("\n"),
  );
  assert.equal(staged.result, undefined);
});

test("procfile-hello is staged by the last buildpack and answers", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.appFolder(path.join(examplesDir, "procfile-hello"));

  const staged = await folder.stage({ order: detectionOrder });

  assert.deepEqual([staged.status, staged.stderr], [0, ""]);
  assert.equal(staged.stdout, "-----> Procfile Buildpack version 0.1.0 (embedded)\n");
  await using app = await folder.serve(await folder.unpackDroplet(), "./server", {
    CF_INSTANCE_INDEX: "3",
  });
  const response = await fetch(app.url);
  assert.equal(await response.text(), "Hello from a Procfile on Rivera: instance 3\n");
});

test("binary_buildpack leaves the start command to the app", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.app({ run: "#!/bin/sh\necho it runs\n" });

  const staged = await folder.stage({ order: ["binary_buildpack"], skipDetect: true });

  assert.equal(staged.status, 0);
  assert.match(staged.stderr, /^No start command specified by buildpack or via Procfile\.$/m);
  const end = await folder.launch(await folder.unpackDroplet(), "./run");
  assert.match(end.stdout, /it runs\n$/);
});

test("procfile_buildpack without a Procfile says what is missing", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.app({ readme: "nothing here" });

  const staged = await folder.stage({ order: ["procfile_buildpack"], skipDetect: true });

  assert.equal(staged.status, 223);
  assert.match(staged.stderr, /There is no Procfile in the root folder of the app\./);
});

test("the last buildpack makes what the earlier ones supplied usable, in staging and at run time", async () => {
  await using folder = await folderWithShippedBuildpacks();
  await folder.buildpack("tools", {
    "bin/supply": [
      "#!/bin/sh",
      'mkdir -p "$3/$4/bin" "$3/$4/lib" "$3/$4/env" "$3/$4/profile.d"',
      'printf "#!/bin/sh\\necho a supplied tool\\n" > "$3/$4/bin/supplied-tool"; chmod +x "$3/$4/bin/supplied-tool"',
      'printf staging-only > "$3/$4/env/FROM_TOOLS"',
      'echo "export AT_RUN_TIME=yes" > "$3/$4/profile.d/tools.sh"',
      "",
    ].join("\n"),
  });
  await folder.app({
    "package.json": JSON.stringify({
      scripts: { "heroku-postbuild": 'supplied-tool; echo "FROM_TOOLS=$FROM_TOOLS"' },
    }),
    "server.js": "",
  });

  const staged = await folder.stage({ order: ["tools", "nodejs_buildpack"], skipDetect: true });

  assert.deepEqual([staged.status, staged.stderr], [0, ""]);
  assert.match(staged.stdout, /a supplied tool\n {7}FROM_TOOLS=staging-only\n/);
  const end = await folder.launch(
    await folder.unpackDroplet(),
    'supplied-tool; echo "$AT_RUN_TIME $LD_LIBRARY_PATH [$FROM_TOOLS]"',
  );
  assert.match(end.stdout, /a supplied tool\nyes .*\/vcap\/deps\/0\/lib \[\]\n$/);
});

test("the lock files of the examples name no registry", async () => {
  const lock = path.join(examplesDir, "node-hello", "package-lock.json");
  assert.ok(existsSync(lock));
  assert.doesNotMatch(await readFile(lock, "utf8"), /https?:/);
});
