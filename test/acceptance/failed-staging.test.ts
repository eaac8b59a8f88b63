import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { buffer } from "node:stream/consumers";
import { ZipFile } from "yazl";
import { loggedIn, type Api } from "../support/api.ts";
import { appFolder, nodeServer } from "../support/app-folder.ts";
import { OfficialUser, withoutOfficialClient } from "../support/official-client.ts";
import { eventually, TestPlatform } from "../support/test-platform.ts";

// What a developer reads of each way in which a staging fails. The time-out has a test of its own (staging-timeout.test.ts).

let platform: TestPlatform;
let api: Api;

before(async () => {
  using settings = appFolder({
    "rivera.yml": "staging: { minimum_staging_memory_mb: 256, minimum_staging_disk_mb: 96 }\n",
  });
  platform = await TestPlatform.start({ flags: ["--config", `${settings.path}/rivera.yml`] });
  api = await loggedIn(platform.addresses);
  assert.equal((await platform.rivera(["login"])).status, 0);
  await addBuildpack("silent_buildpack", {
    "bin/supply": "#!/bin/sh\necho supplied\n",
    "bin/finalize": "#!/bin/sh\necho finalized; printf '\\033[2Jowned\\377\\n' >&2\n",
    "bin/release": "#!/bin/sh\nexit 126\n",
  });
});

after(async () => {
  await platform?.[Symbol.asyncDispose]();
});

async function addBuildpack(name: string, files: Readonly<Record<string, string>>): Promise<void> {
  const { json } = await api("POST", "/v3/buildpacks", { name });
  const zip = new ZipFile();
  for (const [file, content] of Object.entries(files)) {
    zip.addBuffer(Buffer.from(content), file, { mode: 0o100755 });
  }
  zip.end();
  const form = new FormData();
  form.set("bits", new Blob([await buffer(zip.outputStream)]), `${name}.zip`);
  assert.equal((await api("POST", `/v3/buildpacks/${json.guid}/upload`, form)).status, 202);
  await eventually(
    async () => {
      const found = await api("GET", `/v3/buildpacks/${json.guid}`);
      return found.json.state === "READY" ? true : undefined;
    },
    { withinMs: 60_000, what: () => "the buildpack to be stored" },
  );
}

function nodeApp(script: string, more: Readonly<Record<string, unknown>> = {}) {
  const scripts = { "heroku-prebuild": script, start: "node server.js" };
  const manifest = { name: "broken", version: "1.0.0", scripts, ...more };
  return { ...nodeServer("broken"), "package.json": JSON.stringify(manifest) };
}

interface Failure {
  readonly files: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** The build's error, to its end. */
  readonly error: RegExp;
  /** In the staging log. */
  readonly log?: RegExp;
  /** What `rivera timeline` shows of it. */
  readonly timeline?: RegExp;
}

const failures: Readonly<Record<string, Failure>> = {
  "no-detection": {
    files: { "readme.txt": "the app is elsewhere\n", "web/package.json": "{}" },
    error:
      /^NoAppDetectedError - An app was not successfully detected by any available buildpack: package\.json is in the folder web: push that folder \(-p web\) if it is the app$/,
    log: /Tried nodejs_buildpack .*package\.json is in the folder web/,
  },
  "npm-error": {
    files: nodeApp("true", { dependencies: { absent: "file:./absent-1.0.0.tgz" } }),
    error:
      /^BuildpackCompileFailed - App staging failed in the buildpack compile phase: supply of nodejs_buildpack ended with exit status \d+: npm error .*absent-1\.0\.0\.tgz/,
    log: /absent-1\.0\.0\.tgz/,
    timeline: /supply nodejs_buildpack .*exit status/,
  },
  "compile-error": {
    files: nodeApp("echo compiling; exit 3"),
    error:
      /^BuildpackCompileFailed - App staging failed in the buildpack compile phase: supply of nodejs_buildpack ended with exit status \d+: The script "heroku-prebuild" of package\.json failed$/,
    log: /compiling/,
  },
  memory: {
    files: nodeApp('node -e "const a=[];for(;;)a.push(Buffer.alloc(1<<24,1))"'),
    args: ["-m", "256M"],
    error:
      /out of memory, limit 256M, peak 25\d(\.\d)?M|out of memory \(limit 256M\): peak 25\d(\.\d)?M/,
  },
  disk: {
    files: nodeApp("mkdir -p /tmp/app/big && head -c 1G /dev/zero > /tmp/app/big/file"),
    args: ["-k", "96M"],
    error:
      /disk quota exceeded: .*: \/tmp\/app\/big has \d+(\.\d)?M, in supply of nodejs_buildpack$/,
    log: /No space left on device/,
  },
  "release-error": {
    files: { "app.txt": "anything" },
    args: ["-b", "silent_buildpack"],
    error:
      /^BuildpackReleaseFailed - App staging failed in the buildpack release phase: release of silent_buildpack ended with exit status 126 \(a file could not be executed\)$/,
  },
  "bad-procfile": {
    files: { ...nodeServer("bad"), Procfile: "web node server.js\n" },
    args: ["-b", "binary_buildpack"],
    error:
      /^StagingError - Staging error: staging failed: Procfile: each line must be `process type: command`, which line 1 is not$/,
  },
  "unreachable-host": {
    files: nodeServer("unreachable"),
    args: ["-b", "http://nobody.invalid/buildpack.git"],
    error:
      /^StagingError - Staging error: staging failed: download of http:\/\/nobody\.invalid\/buildpack\.git ended with exit status 128: fatal: .*Could not resolve host: nobody\.invalid$/,
    log: /nobody\.invalid/,
  },
};

for (const [name, failure] of Object.entries(failures)) {
  test(`a staging that fails for ${name.replaceAll("-", " ")} says so in client, log and timeline`, async () => {
    using folder = appFolder(failure.files);

    const pushed = await platform.rivera(["push", name, ...(failure.args ?? [])], {
      cwd: folder.path,
    });

    assert.equal(pushed.status, 1, pushed.stdout);
    const { guid, error } = await newestBuild(name);
    assert.match(error ?? "", failure.error);
    assert.ok(pushed.stderr.includes(error ?? "-"), `the client shows the error: ${pushed.stderr}`);
    assert.match(
      pushed.stdout,
      new RegExp(`^ {3}Timeline: http\\S+/rivera/#/builds/${guid}/timeline`, "m"),
    );
    const log = await platform.rivera(["build-log", name]);
    assert.equal(log.status, 0, log.stderr);
    if (failure.log !== undefined) assert.match(log.stdout, failure.log);
    assert.match(log.stdout, /Failed to stage build: /);
    const timeline = await platform.rivera(["timeline", guid]);
    assert.ok(timeline.stdout.includes(error ?? "-"), timeline.stdout);
    if (failure.timeline !== undefined) assert.match(timeline.stdout, failure.timeline);
  });
}

test("which buildpacks were asked, and what each said, is told of a failed and of a good staging", async () => {
  const failed = await platform.rivera(["why-detected", "no-detection"]);
  assert.equal(failed.status, 0, failed.stderr);
  assert.match(failed.stdout, /^nodejs_buildpack +\S.* no +\d+ ms +no package\.json/m);
  assert.match(failed.stdout, /^nodejs_buildpack: package\.json is in the folder web/m);

  const good = await platform.rivera(["why-detected", "compile-error"]);
  assert.match(good.stdout, /^staticfile_buildpack .* no /m);
  assert.match(good.stdout, /^nodejs_buildpack .* yes /m);

  const named = await platform.rivera(["why-detected", "release-error"]);
  assert.match(named.stdout, /No buildpack was asked/);
});

test("the log knows which script said what, and shows no escape sequence or broken text as it is", async () => {
  const finalize = await platform.rivera(["build-log", "release-error", "--phase", "finalize"]);

  const silent = await platform.rivera(["build-log", "release-error", "--phase", "compile"]);
  assert.deepEqual([silent.status, silent.stdout], [0, ""]);
  assert.match(silent.stderr, /The phase 'compile' has said nothing, or there was none/);
  const detect = await platform.rivera(["build-log", "no-detection", "--phase", "detect"]);
  // The builder says it when all have been asked.
  assert.ok(!detect.stdout.includes("Tried"), detect.stdout);
  assert.match(finalize.stdout, /^finalize of silent_buildpack\n +\d+ {2}[\d:.]+ {2}finalized\n/);
  assert.ok(finalize.stdout.includes(String.raw`\x1b[2Jowned`));
  assert.ok(finalize.stdout.includes("\ufffd") && !finalize.stdout.includes("\u001b"));
  assert.ok(!finalize.stdout.includes("supplied"));
});

test(
  "the official client shows the reason behind the original's words, and the timeline's address",
  { skip: withoutOfficialClient },
  async () => {
    const user = new OfficialUser(platform, "developer");
    const { api: url, admin } = platform.addresses;
    const login = ["login", "-a", url, "-u", admin.username, "-p", admin.password];
    assert.equal((await user.cf([...login, "-o", "rivera", "-s", "dev"])).status, 0);
    using folder = appFolder({ "app.txt": "anything" });

    const pushed = await user.cf(["push", "release-error", "-b", "silent_buildpack"], {
      cwd: folder.path,
    });

    assert.equal(pushed.status, 1);
    const { guid, error } = await newestBuild("release-error");
    assert.ok(`${pushed.stdout}${pushed.stderr}`.includes(error ?? "-"), pushed.stderr);
    assert.ok(pushed.stdout.includes(`/builds/${guid}/timeline`), pushed.stdout);
  },
);

async function newestBuild(name: string): Promise<{ guid: string; error: string | null }> {
  const { json } = await api("GET", `/v3/apps?names=${name}`);
  const builds = await api("GET", `/v3/apps/${json.resources[0].guid}/builds?order_by=-created_at`);
  return builds.json.resources[0];
}
