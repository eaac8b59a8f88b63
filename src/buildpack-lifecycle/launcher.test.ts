import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { StagingFolder, type Files } from "./staging-folder.ts";

/** A droplet's home without a staging: the folders of every droplet and the given files. */
async function home(folder: StagingFolder, files: Files = {}): Promise<string> {
  const directory = folder.path("vcap");
  for (const name of ["app", "deps", "tmp", "logs", "profile.d"]) {
    await mkdir(path.join(directory, name), { recursive: true });
  }
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(directory, name)), { recursive: true });
    await writeFile(path.join(directory, name), text);
  }
  return directory;
}

const preamble = "Invoking pre-start scripts.\nInvoking start command.\n";

test("the launcher sources profile.d of the droplet, .profile.d and .profile of the app, then runs the command", async () => {
  await using folder = await StagingFolder.create();
  const directory = await home(folder, {
    "profile.d/b.sh": "echo droplet b; export SEEN=1",
    "profile.d/a name": 'echo "droplet a, $# arguments: $2"; return 3',
    "app/.profile.d/x": "echo app x; not_exported=1; false",
    "app/.profile": "echo profile; cd sub",
    "app/sub/file": "",
  });

  const end = await folder.launch(
    directory,
    'echo "$(basename "$PWD") $SEEN [$not_exported]"; exit 7',
  );

  assert.equal(end.status, 7);
  assert.equal(
    end.stdout,
    'Invoking pre-start scripts.\ndroplet a, 2 arguments: echo "$(basename "$PWD") $SEEN [$not_exported]"; exit 7\ndroplet b\napp x\nprofile\nInvoking start command.\nsub 1 []\n',
  );
});

test("the launcher sets HOME, TMPDIR and DEPS_DIR, drops the platform's options and keeps the rest", async () => {
  await using folder = await StagingFolder.create();
  const directory = await home(folder);

  const end = await folder.launch(
    directory,
    'echo "$HOME $TMPDIR $DEPS_DIR [$VCAP_PLATFORM_OPTIONS] $VCAP_APPLICATION $PORT"; pwd',
    {
      VCAP_PLATFORM_OPTIONS: "{}",
      VCAP_APPLICATION: '{"port":8080}',
      PORT: "8080",
    },
  );

  assert.equal(
    end.stdout,
    `${preamble}${directory}/app ${directory}/tmp ${directory}/deps [] {"port":8080} 8080\n${directory}/app\n`,
  );
});

test("scripts run in the order of the locale", async () => {
  await using folder = await StagingFolder.create();
  const directory = await home(
    folder,
    Object.fromEntries(
      ["10_b", "2_c", "B", "a"].map((name) => [`profile.d/${name}`, `echo ${name}`]),
    ),
  );
  const { stdout: locales } = await folder.run("locale", ["-a"]);

  const plain = await folder.launch(directory, "true", { LANG: "C.UTF-8" });
  assert.equal(
    plain.stdout,
    "Invoking pre-start scripts.\n10_b\n2_c\nB\na\nInvoking start command.\n",
  );

  if (!/^en_US\.utf8$/m.test(locales)) return;
  const english = await folder.launch(directory, "true", { LANG: "en_US.UTF-8" });
  assert.equal(
    english.stdout,
    "Invoking pre-start scripts.\n10_b\n2_c\na\nB\nInvoking start command.\n",
  );
});

test("an exit in a start-up script ends the app", async () => {
  await using folder = await StagingFolder.create();
  const directory = await home(folder, { "app/.profile": "echo no; exit 5" });

  const end = await folder.launch(directory, "echo never");

  assert.deepEqual([end.status, end.stdout], [5, "Invoking pre-start scripts.\nno\n"]);
});

test("without a command the droplet's own is started, from JSON or any YAML", async () => {
  for (const info of [
    '{"detected_buildpack":"x","start_command":"echo \\"from droplet\\""}',
    "start_command: echo 'from droplet'\n",
  ]) {
    await using folder = await StagingFolder.create();
    const directory = await home(folder, { "staging_info.yml": info });

    assert.equal((await folder.launch(directory, "")).stdout, `${preamble}from droplet\n`);
    assert.equal((await folder.launch(directory, "echo given")).stdout, `${preamble}given\n`);
  }
});

test("an entrypoint prefix wraps the command", async () => {
  await using folder = await StagingFolder.create();
  const directory = await home(folder, {
    "staging_info.yml":
      '{"start_command":"echo $WRAPPED","config":{"entrypoint_prefix":"env WRAPPED=yes bash -c"}}',
  });

  assert.equal((await folder.launch(directory, "")).stdout, `${preamble}yes\n`);
  assert.equal(
    (await folder.launch(directory, "echo a; echo $WRAPPED")).stdout,
    `${preamble}a\nyes\n`,
  );
});

test("a droplet with no command at all, and a broken staging_info.yml, are refused in one line", async () => {
  await using folder = await StagingFolder.create();
  const launcher = path.join(folder.lifecycle, "launcher");

  const none = await folder.launch(await home(folder), "");
  assert.deepEqual(
    [none.status, none.stderr],
    [1, `${launcher}: no start command specified or detected in droplet\n`],
  );

  const broken = await folder.launch(await home(folder, { "staging_info.yml": "a: b: c" }), "");
  assert.equal(broken.status, 1);
  assert.match(broken.stderr, /^Invalid staging info - failed to unmarshal staging_info\.yml: /);

  const usage = await folder.run(launcher, ["app"]);
  assert.deepEqual(
    [usage.status, usage.stderr],
    [
      1,
      `${launcher}: received only 1 arguments\nUsage: ${launcher} <app-directory> <start-command> <metadata>\n`,
    ],
  );
});

test("the app replaces the launcher: a signal to it is a signal to the app", async () => {
  await using folder = await StagingFolder.create();
  const directory = await home(folder);
  const child = spawn(
    path.join(folder.lifecycle, "launcher"),
    ["app", "trap 'echo bye; exit 9' TERM; echo ready; while :; do sleep 0.02; done", ""],
    {
      cwd: directory,
      env: { PATH: "/usr/bin:/bin" },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let output = "";
  child.stdout.setEncoding("utf8");
  for await (const text of child.stdout) {
    const wasReady = output.includes("ready");
    output += String(text);
    if (!wasReady && output.includes("ready")) child.kill("SIGTERM");
  }
  if (child.exitCode === null) await once(child, "exit");

  assert.deepEqual([child.exitCode, output], [9, `${preamble}ready\nbye\n`]);
});

test("broken pipes end programs of the app as they do in a shell", async () => {
  await using folder = await StagingFolder.create();

  const end = await folder.launch(await home(folder), 'yes | head -1; echo "${PIPESTATUS[0]}"');

  assert.equal(end.stdout, `${preamble}y\n141\n`);
});

test("the shell has the app's environment without .profile, and prints nothing of its own", async () => {
  await using folder = await StagingFolder.create();
  const directory = await home(folder, {
    "profile.d/a": "export A=1",
    "app/.profile.d/b": "export B=2",
    "app/.profile": "export C=3",
  });
  const shell = path.join(folder.lifecycle, "shell");

  const end = await folder.run(shell, [path.join(directory, "app"), 'echo "$A$B$C $HOME"']);
  const inferred = await folder.run(shell, [], { HOME: directory });
  const missing = await folder.run(shell, [], { HOME: "/nowhere" });

  assert.deepEqual([end.status, end.stdout, end.stderr], [0, `12 ${directory}/app\n`, ""]);
  assert.deepEqual([inferred.status, inferred.stdout], [0, ""]);
  assert.deepEqual(
    [missing.status, missing.stderr],
    [1, "Could not infer app directory, please provide one\n"],
  );
});
