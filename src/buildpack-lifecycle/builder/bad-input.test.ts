// Buildpacks and apps that mean harm or were made without care: what the builder makes of them. What only a container can
// show (time, memory, processes, the network) is in test/acceptance.
import assert from "node:assert/strict";
import { mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { StagingFolder, type Files, type Staged } from "../staging-folder.ts";
import { xxhash64 } from "./xxhash64.ts";

const sh = (...lines: string[]): string => ["#!/bin/sh", ...lines, ""].join("\n");

/** A last buildpack of which one script, by name, is replaced. */
function withScript(name: string, ...lines: string[]): Files {
  return {
    "bin/supply": sh("exit 0"),
    "bin/finalize": sh("exit 0"),
    "bin/release": sh("echo 'default_process_types: {web: run}'"),
    [`bin/${name}`]: sh(...lines),
  };
}

async function stageWith(
  folder: StagingFolder,
  buildpack: Files,
  app: Files = { "index.txt": "" },
): Promise<Staged> {
  await folder.app(app);
  await folder.buildpack("bp", buildpack);
  return await folder.stage({ order: ["bp"], skipDetect: true });
}

interface Refusal {
  readonly name: string;
  readonly buildpack: Files;
  readonly app?: Files;
  readonly status: number;
  readonly stderr: RegExp;
}

const refusals: readonly Refusal[] = [
  ...[0, 1, 137, 222, 223, 224, 255].map((status) => ({
    name: `compile writes a result.json of its own and ends with ${status}`,
    buildpack: {
      "bin/compile": sh(`echo '{"forged": true}' > "$RESULT"`, `exit ${status}`),
      "bin/release": sh(`echo 'default_process_types: {web: run}'`),
    },
    status: status === 0 ? 0 : 223,
    stderr: status === 0 ? /^$/ : new RegExp(`exit status ${status}\n$`),
  })),
  {
    name: "release prints a list",
    buildpack: withScript("release", "echo '[a]'"),
    status: 224,
    stderr: /release output invalid: it is not a map\n$/,
  },
  {
    name: "release prints aliases that grow without end",
    buildpack: withScript(
      "release",
      "echo 'a: &a [x,x,x,x,x,x,x,x,x]'",
      ...["b", "c", "d", "e", "f", "g"].map((name, index) => {
        const of = "abcdef"[index] ?? "";
        return `echo '${name}: &${name} [${`*${of},`.repeat(9)}]'`;
      }),
      "echo 'default_process_types: {web: *g}'",
    ),
    status: 224,
    stderr: /release output invalid: Excessive alias count/,
  },
  {
    name: "release prints five megabytes",
    buildpack: withScript(
      "release",
      "echo 'default_process_types: {web: run}'",
      "head -c 5000000 /dev/zero | tr '\\0' '#'",
    ),
    status: 224,
    stderr: /release output invalid: it is longer than a megabyte\n$/,
  },
  {
    name: "release prints what is no text",
    buildpack: withScript("release", String.raw`printf '\001\377\000: \200\n'`),
    status: 224,
    stderr: /release output invalid: /,
  },
  {
    name: "the Procfile is a pipe that nobody writes to",
    buildpack: withScript("finalize", 'mkfifo "$1/Procfile"'),
    status: 1,
    stderr: /^Failed to read command from Procfile: \S+\/Procfile is not a file\n$/,
  },
  {
    name: "the Procfile is a folder",
    buildpack: withScript("finalize", "exit 0"),
    app: { "Procfile/x": "" },
    status: 1,
    stderr: /^Failed to read command from Procfile: /,
  },
  {
    name: "launch.yml is a pipe",
    buildpack: withScript("finalize", 'mkfifo "$3/$4/launch.yml"'),
    status: 1,
    stderr: /^Failed to read deps\/0\/launch\.yml: /,
  },
];

for (const { name, buildpack, app, status, stderr } of refusals) {
  test(`the builder ends with ${status} when ${name}`, async () => {
    await using folder = await StagingFolder.create();
    await folder.app(app ?? { "index.txt": "" });
    await folder.buildpack("bp", buildpack);

    const staged = await folder.stage({
      order: ["bp"],
      skipDetect: true,
      env: { RESULT: folder.path("result.json") },
    });

    assert.equal(staged.status, status, staged.stderr);
    assert.match(staged.stderr, stderr);
    assert.doesNotMatch(JSON.stringify(staged.result), /forged/);
  });
}

test("a file that the kernel cannot execute is named as such, and no shell tries its luck", async () => {
  const program = Buffer.alloc(128);
  program.write("\x7fELF\x02\x01\x01", "latin1");
  program.writeUInt16LE(0xf7, 18);
  for (const [content, problem] of [
    [program, "it is a program for another kind of machine"],
    [Buffer.from("echo ran\n"), 'it begins neither with "#!" nor as a program'],
    [Buffer.alloc(0), 'it begins neither with "#!" nor as a program'],
  ] as const) {
    await using folder = await StagingFolder.create();
    await folder.app({});
    await folder.buildpack("bp", withScript("supply", "exit 0"));
    const file = folder.path("buildpacks", xxhash64("bp"), "bin", "finalize");
    await writeFile(file, content, { mode: 0o755 });

    const staged = await folder.stage({ order: ["bp"], skipDetect: true });

    assert.deepEqual([staged.status, staged.stdout], [223, ""]);
    assert.ok(staged.stderr.endsWith(`fork/exec ${file}: exec format error (${problem})\n`));
  }
});

test("a detect script that leads out of the buildpack is no script, and what it leads to is not shown", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({ "index.txt": "" });
  await writeFile(folder.path("secret"), "a secret of the container\n");
  await folder.buildpack("bp", withScript("supply", "exit 0"));
  const detect = folder.path("buildpacks", xxhash64("bp"), "bin/detect");
  await symlink(folder.path("secret"), detect);

  const staged = await folder.stage({ order: ["bp"] });

  assert.equal(staged.status, 222);
  assert.match(staged.stderr, /bin\/detect: permission denied/);
  assert.doesNotMatch(staged.stdout + staged.stderr, /a secret/);
});

for (const [name, value] of [
  ["BASH_ENV", "/tmp/app/evil"],
  ["LD_PRELOAD", "/tmp/app/evil.so"],
  ["GIT_SSH_COMMAND", "touch /tmp/evil"],
] as const) {
  test(`an app's ${name} reaches the scripts as it is and does not keep the builder from its work`, async () => {
    await using folder = await StagingFolder.create();
    await folder.app({ "index.txt": "" });
    await folder.buildpack("bp", withScript("finalize", `printf 'it is %s\\n' "$${name}"`));

    const staged = await folder.stage({ order: ["bp"], skipDetect: true, env: { [name]: value } });

    assert.equal(staged.status, 0, staged.stderr);
    assert.ok(staged.stdout.includes(`it is ${value}\n`), staged.stdout);
    assert.ok((await folder.list("droplet")).includes("./app/index.txt"));
  });
}

test("a PATH of the app's own that leads nowhere fails its staging, with the program that is missing", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({ "index.txt": "" });
  await folder.buildpack("bp", withScript("finalize", "exit 0"));

  const staged = await folder.stage({
    order: ["bp"],
    skipDetect: true,
    env: { PATH: "/nowhere" },
  });

  assert.equal(staged.status, 1);
  assert.match(staged.stderr, /tar/);
});

test("a config.yml that is a pipe or has two documents costs the name, not the staging", async () => {
  for (const [command, name] of [
    ['mkfifo "$3/$4/config.yml"', ""],
    [`printf 'name: first\\n---\\nname: second\\n' > "$3/$4/config.yml"`, "first"],
  ] as const) {
    await using folder = await StagingFolder.create();
    const staged = await stageWith(folder, withScript("supply", command));

    assert.equal(staged.status, 0, staged.stderr);
    assert.match(JSON.stringify(staged.result), new RegExp(`"detected_buildpack":"${name}"`));
  }
});

test("outputs that a script has replaced with links, pipes and folders are made anew, and nothing is written through them", async () => {
  await using folder = await StagingFolder.create();
  const outside = folder.path("outside");
  await writeFile(outside, "untouched");
  const root = folder.root;
  const staged = await stageWith(
    folder,
    withScript(
      "finalize",
      `ln -sf "${outside}" "${root}/result.json"`,
      `mkfifo "${root}/droplet"`,
      `mkdir -p "${root}/output-cache/full"`,
      `ln -s "${outside}" "$(dirname "$5")/staging_info.yml"`,
    ),
  );

  assert.equal(staged.status, 0, staged.stderr);
  assert.equal(await readFile(outside, "utf8"), "untouched");
  assert.match(JSON.stringify(staged.result), /"web":"run"/);
  assert.ok((await folder.list("droplet")).includes("./staging_info.yml"));
  assert.deepEqual(await folder.list("output-cache"), ["./", "./final/"]);
});

test("links of the app that lead out of it are stored as links; nothing behind them is in the droplet", async () => {
  await using folder = await StagingFolder.create();
  await mkdir(folder.path("outside"));
  await writeFile(folder.path("outside", "secret"), "the secret");
  await folder.app({ "index.txt": "" });
  for (const [name, target] of [
    ["passwd", "/etc/passwd"],
    ["up", "../outside"],
    ["away", folder.path("outside")],
  ] as const) {
    await symlink(target, folder.path("app", name));
  }
  await folder.buildpack("bp", withScript("supply", `ln -s "${folder.root}/outside" "$3/$4/dep"`));

  const staged = await folder.stage({ order: ["bp"], skipDetect: true });

  assert.equal(staged.status, 0, staged.stderr);
  const { stdout } = await folder.run("tar", ["-tvzf", folder.path("droplet")]);
  assert.match(stdout, / \.\/app\/passwd -> \/etc\/passwd\n/);
  assert.match(stdout, / \.\/app\/up -> \.\.\/outside\n/);
  assert.match(stdout, / \.\/app\/away -> \//);
  assert.match(stdout, / \.\/deps\/0\/dep -> \//);
  assert.doesNotMatch(stdout, /secret/);
});

test("a Procfile that leads out of the app is read where it leads, inside of the container, and is no map", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({ "index.txt": "" });
  await symlink("/etc/passwd", folder.path("app", "Procfile"));
  await folder.buildpack("bp", withScript("supply", "exit 0"));

  const staged = await folder.stage({ order: ["bp"], skipDetect: true });

  assert.equal(staged.status, 1);
  assert.doesNotMatch(staged.stderr, /root:x/);
});

test("a detect script that prints without end is cut off, and what it prints is no more than a name", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({});
  await folder.buildpack("bp", {
    ...withScript("supply", "exit 0"),
    "bin/detect": sh(String.raw`printf '\033[31mred\n'; head -c 20000000 /dev/zero | tr '\0' 'y'`),
  });

  const staged = await folder.stage({ order: ["bp"] });

  assert.equal(staged.status, 0, staged.stderr);
  assert.ok((await stat(folder.path("result.json"))).size < 3 * 1024 * 1024);
  assert.match(
    staged.stderr,
    /^Warning: the staging result has \d+ bytes, the platform reads 51200/,
  );
});

test("daemons that a script leaves behind, its output in their hands, do not hold the staging up", async () => {
  await using folder = await StagingFolder.create();
  const staged = await stageWith(folder, {
    "bin/compile": sh(
      `for each in 1 2 3; do setsid sleep 300 & echo $! >> "$TMPDIR/daemons"; done`,
      "echo compiled",
    ),
    "bin/release": sh(
      'kill $(cat "$TMPDIR/daemons") && echo ended >&2',
      `echo 'default_process_types: {web: run}'`,
    ),
  });

  assert.deepEqual([staged.status, staged.stdout, staged.stderr], [0, "compiled\n", "ended\n"]);
});

test("names and commands of processes that JavaScript or a shell might take for something else stay what they are", async () => {
  await using folder = await StagingFolder.create();
  const staged = await stageWith(folder, withScript("supply", "exit 0"), {
    Procfile: `__proto__: a
constructor: "b"
web: echo "$(id)" \`id\` \${HOME} && exit 3 # not said
worker: 'é "ü" \\ <&>'
`,
  });

  assert.equal(staged.status, 0, staged.stderr);
  assert.ok(typeof staged.result === "object" && staged.result !== null);
  const types = Object.entries(staged.result).find(([key]) => key === "process_types")?.[1];
  assert.deepEqual(Object.entries(types ?? {}), [
    // In its place: release named it first.
    ["web", 'echo "$(id)" `id` ${HOME} && exit 3'],
    ["__proto__", "a"],
    ["constructor", "b"],
    ["worker", 'é "ü" \\ <&>'],
  ]);
});
