import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { ZipFile } from "yazl";
import { Failure } from "../failure.ts";
import { dropletArchive, goBinary } from "../testing/droplet-archive.ts";
import { totalBytes } from "./droplet-contents.ts";
import { packageUrl } from "./found-package.ts";
import { readDroplet } from "./read-droplet.ts";

/** In pieces that meet no border of the archive. */
function pieces(bytes: Buffer): Readable {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 999) chunks.push(bytes.subarray(at, at + 999));
  return Readable.from(chunks);
}

async function zipOf(files: Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(files)) zip.addBuffer(Buffer.from(content), name);
  zip.end();
  return await buffer(zip.outputStream);
}

const pom = "META-INF/maven/org.example/core/pom.properties";
const pomText = "groupId=org.example\nartifactId=core\nversion=2.0\n";

test("a droplet tells its files, buildpacks, commands and environment", async () => {
  const contents = await readDroplet(
    pieces(
      dropletArchive([
        { path: "app/Procfile", content: "web: node server.js\nworker: node worker.js\n" },
        { path: "app/server.js", content: "hello", mode: 0o755 },
        { path: "app/link", linkTarget: "server.js" },
        { path: "deps/10/config.yml", content: `name: nodejs\nversion: "1.8.2"\nconfig: {}\n` },
        { path: "deps/9/config.yml", content: "name: apt\n" },
        { path: "deps/10/launch.yml", content: "processes:\n- type: cron\n  command: last\n" },
        { path: "deps/9/launch.yml", content: "processes:\n- type: cron\n  command: first\n" },
        { path: "profile.d/0_a.sh", content: `if x; then export A="1"; fi\n  export B=$A\nC=3\n` },
        { path: "app/.profile", content: "export B=own" },
        { path: "staging_info.yml", content: `{"start_command":"npm start"}` },
      ]),
    ),
    "droplet.tgz",
  );

  assert.deepEqual(contents.buildpacks, [
    { name: "apt", version: undefined },
    { name: "nodejs", version: "1.8.2" },
  ]);
  assert.deepEqual(Object.fromEntries(contents.commands), {
    cron: "last",
    web: "node server.js",
    worker: "node worker.js",
  });
  assert.deepEqual(Object.fromEntries(contents.environment), { A: [`"1"`], B: ["$A", "own"] });
  assert.deepEqual(contents.files.get("app/server.js"), {
    size: 5,
    isExecutable: true,
    sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    linkTarget: undefined,
  });
  assert.equal(contents.files.get("app/link")?.linkTarget, "server.js");
  assert.equal(contents.files.size, 10);
  assert.deepEqual(contents.warnings, []);
});

test("a droplet tells its sidecars, and the Procfile makes a process type of one that it names", async () => {
  const launch = (processes: readonly object[]) => JSON.stringify({ processes });
  const beside = (types: readonly string[]) => ({ cloudfoundry: { sidecar_for: types } });
  const { commands, sidecars, warnings } = await readDroplet(
    pieces(
      dropletArchive([
        {
          path: "deps/0/launch.yml",
          content: launch([
            { type: "proxy", command: "old", platforms: beside(["web"]) },
            { type: "agent", command: "./agent", platforms: beside(["web", "worker"]) },
            { type: "cron", command: "./cron", platforms: {} },
          ]),
        },
        {
          path: "deps/1/launch.yml",
          content: launch([
            {
              type: "proxy",
              command: "./proxy",
              platforms: beside(["web"]),
              limits: { memory: 64 },
            },
            { type: "none", command: "./none", platforms: beside([]) },
          ]),
        },
        { path: "app/Procfile", content: "agent: ./other\n" },
      ]),
    ),
    "droplet.tgz",
  );

  assert.deepEqual(sidecars, [
    { name: "proxy", command: "./proxy", processTypes: ["web"], memoryInMb: 64 },
  ]);
  assert.deepEqual(Object.fromEntries(commands), {
    agent: "./other",
    cron: "./cron",
    none: "./none",
  });
  assert.deepEqual(warnings, []);
});

test("a buildpack that leaves no folder of its own is known by what detected it", async () => {
  const { buildpacks } = await readDroplet(
    pieces(dropletArchive([{ path: "staging_info.yml", content: `{"detected_buildpack":"Old"}` }])),
    "droplet.tgz",
  );
  assert.deepEqual(buildpacks, [{ name: "Old", version: undefined }]);
});

test("what is installed counts, and of an ecosystem without it the lock file", async () => {
  const jar = await zipOf({ [pom]: pomText, "a.class": "x" });
  const { packages } = await readDroplet(
    pieces(
      dropletArchive([
        {
          path: "app/package-lock.json",
          content: `{"packages": {"node_modules/ms": {"version": "9.9.9"}, "node_modules/left-out": {"version": "1.0.0"}}}`,
        },
        { path: "app/node_modules/ms/package.json", content: `{"name":"ms","version":"2.1.3"}` },
        {
          path: "app/node_modules/x/node_modules/ms/package.json",
          content: `{"name":"ms","version":"2.1.3"}`,
        },
        { path: "app/requirements.txt", content: "flask==3.0.3\n" },
        { path: "app/lib/core.jar", content: jar },
        { path: "app/lib/gradle-made-1.4.jar", content: await zipOf({ "b.class": "x" }) },
        { path: "app/fat.jar", content: await zipOf({ "BOOT-INF/lib/nested-3.1.jar": jar }) },
        { path: "app/go.mod", content: "require example.com/test v1.0.0\n" },
        { path: "bin/app", content: goBinary(["dep\texample.com/used\tv1.2.0\t"]), mode: 0o755 },
      ]),
    ),
    "droplet.tgz",
  );

  assert.deepEqual(
    packages.map((each) => [packageUrl(each) ?? `${each.name} ${each.version}`, each.locations]),
    [
      ["pkg:golang/example.com/used@v1.2.0", ["bin/app"]],
      ["pkg:golang/stdlib@1.24.1", ["bin/app"]],
      ["gradle-made 1.4", ["app/lib/gradle-made-1.4.jar"]],
      ["pkg:maven/org.example/core@2.0", ["app/fat.jar", "app/lib/core.jar"]],
      [
        "pkg:npm/ms@2.1.3",
        ["app/node_modules/ms/package.json", "app/node_modules/x/node_modules/ms/package.json"],
      ],
      ["pkg:pypi/flask@3.0.3", ["app/requirements.txt"]],
    ],
  );
});

test("what cannot be read is said in a word each, and the rest is read all the same", async () => {
  const { files, packages, warnings } = await readDroplet(
    pieces(
      dropletArchive([
        { path: "a/package-lock.json", content: "{" },
        { path: "b/package-lock.json", content: `{"packages": 1}` },
        { path: "c/package-lock.json", content: Buffer.alloc(17 * 1024 * 1024, " ") },
        { path: "d/broken.jar", content: "no zip" },
        { path: "deps/0/config.yml", content: "a: [" },
        { path: "deps/1/config.yml", content: "- list" },
        { path: "staging_info.yml", content: "- list" },
        { path: "../../etc/composer.lock", content: `{"packages":[{"name":"a/b","version":"1"}]}` },
      ]),
    ),
    "droplet.tgz",
  );

  assert.deepEqual(warnings.slice(0, 3), [
    "a/package-lock.json cannot be read: it is not valid JSON",
    "b/package-lock.json cannot be read: its form is not known",
    "c/package-lock.json has 17M, more than 16M: not read",
  ]);
  assert.match(warnings[3] ?? "", /^d\/broken\.jar cannot be read: /);
  assert.deepEqual(warnings.slice(4), [
    "deps/0/config.yml is not valid YAML: not read",
    "deps/1/config.yml is of an unknown form: not read",
    "staging_info.yml is of an unknown form: not read",
  ]);
  assert.deepEqual(packages.map(packageUrl), ["pkg:composer/a/b@1"]);
  assert.equal(files.size, 8);
});

test("a file of zeros, packed a thousand to one, is no attack: nothing of it is kept", async () => {
  const archive = dropletArchive([{ path: "zeros", content: Buffer.alloc(20_000_000) }]);
  const packed = gzipSync(gunzipSync(archive), { level: 9 });
  assert.ok(packed.length < 20_000);

  const { files } = await readDroplet(pieces(packed), "droplet.tgz");

  assert.equal(totalBytes(files.values()), 20_000_000);
});

test("what is no archive, is empty, or is cut off is refused", async () => {
  const whole = dropletArchive([
    { path: "a", content: Buffer.from(Array.from({ length: 9_000 }, (_, at) => (at * at) % 251)) },
  ]);
  const flipped = Buffer.from(whole);
  flipped.fill(0x55, whole.length / 2, whole.length / 2 + 64);
  for (const [what, bytes] of [
    ["text", Buffer.from("this is no archive".repeat(100))],
    ["nothing", Buffer.alloc(0)],
    ["an empty archive", dropletArchive([])],
    ["a gzip of text", gzipSync("this is no archive".repeat(100))],
    ["cut off", whole.subarray(0, whole.length / 2)],
    ["damaged", flipped],
  ] as const) {
    await assert.rejects(
      readDroplet(pieces(bytes), "x.tgz"),
      (error) =>
        error instanceof Failure && error.message.startsWith("Cannot read 'x.tgz' as a droplet: "),
      what,
    );
  }
});

test("a source that fails on the way ends the reading", async () => {
  const whole = dropletArchive([{ path: "a", content: "a" }]);
  async function* broken() {
    yield whole.subarray(0, 20);
    throw new Error("socket hang up");
  }
  await assert.rejects(readDroplet(Readable.from(broken()), "my-app"), /my-app.*socket hang up/);
});
