// Droplets are the original's: what Rivera stages has the original's layout, and can leave it and come back; with
// ORIGINAL_LIFECYCLE, a folder with the builder and launcher of buildpackapplifecycle, they are exchanged with these.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { appFolder, nodeServer } from "../support/app-folder.ts";
import { OfficialUser, withoutOfficialClient } from "../support/official-client.ts";
import { answer } from "../support/stage-and-serve.ts";
import { eventually, TestPlatform } from "../support/test-platform.ts";

const skip = withoutOfficialClient;
const originals = process.env["ORIGINAL_LIFECYCLE"];
const skipExchange = originals === undefined ? "ORIGINAL_LIFECYCLE is not set" : skip;

let platform: TestPlatform;
let admin: OfficialUser;
let folder: string;

before(async () => {
  if (skip !== false) return;
  folder = mkdtempSync(path.join(tmpdir(), "droplets-"));
  platform = await TestPlatform.start();
  admin = new OfficialUser(platform, "admin");
  const { api, admin: login } = platform.addresses;
  await succeeds(["login", "-a", api, "-u", login.username, "-p", login.password]);
  using app = appFolder({
    ...nodeServer("staged here"),
    "run.sh": "#!/bin/sh\n",
    ".profile": "export FROM_PROFILE=yes\n",
  });
  app.write("run.sh", "#!/bin/sh\n", 0o755);
  await succeeds(["push", "staged", "-b", "procfile_buildpack", "-m", "64M"], app.path);
  await succeeds(["download-droplet", "staged", "--path", path.join(folder, "droplet.tgz")]);
});

after(async () => {
  await platform?.[Symbol.asyncDispose]();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

test(
  "a droplet holds what the original's holds, with its modes and vcap as owner",
  { skip },
  () => {
    const listing = execFileSync(
      "tar",
      ["-tvzf", path.join(folder, "droplet.tgz"), "--numeric-owner"],
      {
        encoding: "utf8",
      },
    );
    const entries = listing
      .trim()
      .split("\n")
      .map((line) => {
        const [mode, owner, , , , name = ""] = line.split(/ +/);
        return { mode, owner, name };
      });

    assert.deepEqual([...new Set(entries.map(({ owner }) => owner))], ["2000/2000"]);
    const modes = new Map(entries.map(({ mode, name }) => [name, mode]));
    const top = [...modes.keys()].filter((name) => /^\.\/[^/]*\/?$/.test(name)).toSorted(byText);
    assert.deepEqual(top, [
      "./",
      "./app/",
      "./deps/",
      "./logs/",
      "./profile.d/",
      "./staging_info.yml",
      "./tmp/",
    ]);
    for (const [name, mode] of [
      ["./logs/", "drwxr-xr-x"],
      ["./tmp/", "drwxr-xr-x"],
      ["./deps/0/", "drwxr-xr-x"],
      ["./app/run.sh", "-rwxr-xr-x"],
      ["./app/server.js", "-rw-r--r--"],
    ] as const) {
      assert.equal(modes.get(name), mode, name);
    }
  },
);

test("a droplet that was downloaded runs again where it is pushed", { skip }, async () => {
  await succeeds(["push", "returned", "--droplet", path.join(folder, "droplet.tgz"), "-m", "64M"]);

  assert.match((await answer(platform, "returned", "/")).body, /^staged here 0$/);
});

test("a droplet of ours starts with the original launcher", { skip: skipExchange }, async () => {
  const home = path.join(folder, "vcap");
  mkdirSync(home);
  execFileSync("tar", ["-xzf", path.join(folder, "droplet.tgz"), "-C", home]);
  const port = await freePort();
  const app = spawn(path.join(originals ?? "", "launcher"), ["app", "", ""], {
    cwd: home,
    env: { PATH: process.env["PATH"], PORT: String(port), CF_INSTANCE_INDEX: "7" },
    stdio: "ignore",
  });
  try {
    const body = await eventually(
      async () => {
        const response = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
        return await response?.text();
      },
      { withinMs: 60_000, what: () => "the app to answer" },
    );
    const environment = await (await fetch(`http://127.0.0.1:${port}/env`)).json();

    assert.equal(body, "staged here 7");
    assert.partialDeepStrictEqual(environment, { HOME: `${home}/app`, FROM_PROFILE: "yes" });
  } finally {
    app.kill();
    await once(app, "exit");
  }
});

test("a droplet of the original builder runs here", { skip: skipExchange }, async () => {
  const at = (...names: string[]) => path.join(folder, "original", ...names);
  using app = appFolder(nodeServer("staged there"));
  // The builder looks for a buildpack by MD5, too.
  const buildpack = at("buildpacks", createHash("md5").update("bp").digest("hex"), "bin");
  mkdirSync(buildpack, { recursive: true });
  mkdirSync(at("cache"));
  execFileSync("/bin/sh", [
    "-c",
    'for name in supply finalize; do printf "#!/bin/sh\\n" >"$0/$name"; done; printf "#!/bin/sh\\necho {}\\n" >"$0/release"; chmod +x "$0"/*',
    buildpack,
  ]);
  const flags = {
    buildDir: app.path,
    buildpackOrder: "bp",
    skipDetect: "true",
    outputDroplet: at("droplet.tgz"),
    outputMetadata: at("result.json"),
    outputBuildArtifactsCache: at("cache.tgz"),
    buildpacksDir: at("buildpacks"),
    buildArtifactsCacheDir: at("cache"),
  };
  execFileSync(
    path.join(originals ?? "", "builder"),
    Object.entries(flags).map(([name, value]) => `-${name}=${value}`),
    { stdio: "ignore" },
  );
  assert.ok(existsSync(at("droplet.tgz")));
  const { process_types: types } = JSON.parse(readFileSync(at("result.json"), "utf8"));

  await succeeds([
    "push",
    "original",
    "--droplet",
    at("droplet.tgz"),
    "-m",
    "64M",
    "-c",
    types.web,
  ]);

  assert.match((await answer(platform, "original", "/")).body, /^staged there 0$/);
});

async function succeeds(args: readonly string[], cwd?: string): Promise<void> {
  const result = await admin.cf(args, cwd === undefined ? {} : { cwd });
  assert.equal(result.status, 0, `cf ${args[0]}\n${result.stdout}\n${result.stderr}`);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("No port is free");
  return address.port;
}
