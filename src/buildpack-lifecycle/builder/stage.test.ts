import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { StagingFolder, type Files } from "../staging-folder.ts";
import { xxhash64 } from "./xxhash64.ts";

const sh = (...lines: string[]): string => ["#!/bin/sh", ...lines, ""].join("\n");

function supplying(name: string, extra: Files = {}): Files {
  return {
    "bin/detect": sh(`echo ${name}-detected`),
    "bin/supply": sh(
      `echo "${name} supply $# args: cache=$(basename "$2") idx=$4 cwd=$(pwd)"`,
      `printf 'name: ${name}\\nversion: 1.10\\n' > "$3/$4/config.yml"`,
      `echo "${name}" > "$3/$4/proof"; echo cached >> "$2/${name}"`,
    ),
    "bin/finalize": sh(
      `echo "${name} finalize $# args: cache=$(basename "$2") idx=$4 profile=$(basename "$5")"`,
      `echo "export FROM_${name.toUpperCase()}=1" > "$5/${name}.sh"`,
    ),
    "bin/release": sh(`printf 'default_process_types:\\n  web: run ${name}\\n'`),
    ...extra,
  };
}

test("a detected buildpack supplies, finalizes and releases, and the droplet holds what it left", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({ "index.txt": "hello", "bin/tool": sh("exit 0") });
  await folder.buildpack("no", { "bin/detect": sh("exit 1") });
  await folder.buildpack("yes", supplying("yes"));

  const staged = await folder.stage({ order: ["no", "yes"] });

  assert.deepEqual([staged.status, staged.stderr], [0, ""]);
  assert.equal(
    staged.stdout,
    `yes supply 4 args: cache=final idx=0 cwd=${folder.root}\nyes finalize 5 args: cache=final idx=0 profile=profile.d\n`,
  );
  assert.deepEqual(staged.result, {
    lifecycle_metadata: {
      buildpack_key: "yes",
      detected_buildpack: "yes",
      buildpacks: [{ key: "yes", name: "yes", version: "1.10" }],
    },
    process_types: { web: "run yes" },
    processes: [{ type: "web", command: "run yes" }],
    execution_metadata: "",
    lifecycle_type: "buildpack",
  });
  assert.deepEqual(await folder.list("droplet"), [
    "./",
    "./app/",
    "./app/bin/",
    "./app/bin/tool",
    "./app/index.txt",
    "./deps/",
    "./deps/0/",
    "./deps/0/config.yml",
    "./deps/0/proof",
    "./logs/",
    "./profile.d/",
    "./profile.d/yes.sh",
    "./staging_info.yml",
    "./tmp/",
  ]);
  assert.deepEqual(await folder.list("output-cache"), ["./", "./final/", "./final/yes"]);
  const home = await folder.unpackDroplet();
  assert.equal(
    await readFile(path.join(home, "staging_info.yml"), "utf8"),
    '{"detected_buildpack":"yes","start_command":"run yes"}\n',
  );
  const modes = await Promise.all(
    [".", "tmp", "logs", "app/bin/tool"].map(
      async (name) => (await stat(path.join(home, name))).mode & 0o777,
    ),
  );
  assert.deepEqual(modes, [0o755, 0o755, 0o755, 0o755]);
});

test("named buildpacks supply in order, each with its own cache and index, and the last one finalizes", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({ "index.txt": "hello" });
  for (const name of ["one", "two", "three"]) await folder.buildpack(name, supplying(name));

  const staged = await folder.stage({ order: ["one", "two", "three"], skipDetect: true });

  assert.deepEqual([staged.status, staged.stderr], [0, ""]);
  assert.deepEqual(staged.stdout.split("\n").slice(0, -1), [
    `one supply 4 args: cache=${xxhash64("one")} idx=0 cwd=${folder.root}`,
    `two supply 4 args: cache=${xxhash64("two")} idx=1 cwd=${folder.root}`,
    `three supply 4 args: cache=final idx=2 cwd=${folder.root}`,
    "three finalize 5 args: cache=final idx=2 profile=profile.d",
  ]);
  assert.deepEqual(lifecycleMetadata(staged.result), {
    buildpack_key: "three",
    detected_buildpack: "three",
    buildpacks: [
      { key: "one", name: "one", version: "1.10" },
      { key: "two", name: "two", version: "1.10" },
      { key: "three", name: "three", version: "1.10" },
    ],
  });
  assert.deepEqual(await folder.list("output-cache"), [
    "./",
    ...[
      `./${xxhash64("one")}/`,
      `./${xxhash64("one")}/one`,
      `./${xxhash64("two")}/`,
      `./${xxhash64("two")}/two`,
      "./final/",
      "./final/three",
    ].sort(),
  ]);
});

test("ten buildpacks have two-digit indices, and every launch.yml counts", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({});
  const names = Array.from({ length: 10 }, (_, index) => `bp${index}`);
  for (const name of names) {
    await folder.buildpack(name, {
      "bin/supply": sh(
        `printf 'processes:\\n- {type: p%s, command: run-%s}\\n' "$4" "$4" > "$3/$4/launch.yml"`,
      ),
      "bin/finalize": sh("exit 0"),
    });
  }

  const staged = await folder.stage({ order: names, skipDetect: true });

  assert.deepEqual(
    processTypesOf(staged.result),
    Object.fromEntries(names.map((_, index) => [`p0${index}`, `run-0${index}`])),
  );
});

test("the cache of the last staging is there, and what belongs to no buildpack of this one is dropped", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({});
  await folder.buildpack("keeps", {
    "bin/supply": sh(`ls -A "$2"; touch "$2/kept"`, `mkdir -p "$(dirname "$2")/stray"`),
    "bin/finalize": sh("exit 0"),
    "bin/release": sh("exit 0"),
  });
  const order = ["keeps"];
  assert.equal((await folder.stage({ order, skipDetect: true })).stdout, "");
  await folder.carryCacheOver();
  await folder.app({});

  const second = await folder.stage({ order, skipDetect: true });

  assert.equal(second.stdout, "kept\n");
  assert.deepEqual(await folder.list("output-cache"), [
    "./",
    "./final/",
    "./final/kept",
    "./stray/",
  ]);
  await folder.carryCacheOver();
  await folder.app({});
  await folder.buildpack("clean", { ...supplying("clean"), "bin/supply": sh("exit 0") });
  await folder.stage({ order: ["clean"], skipDetect: true });
  assert.ok(!(await folder.list("output-cache")).includes("./stray/"));
});

test("an old buildpack compiles, without deps of its own, and is named by what it printed on detection", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({});
  await folder.buildpack("old", {
    "bin/detect": sh("printf 'Old One\\r\\n'"),
    "bin/compile": sh('echo "compile $# args, cache=$(basename "$2")"; echo built > "$1/built"'),
    "bin/release": sh("printf 'default_process_types: {web: go}\\n'"),
  });

  const staged = await folder.stage({ order: ["old"] });

  assert.deepEqual(
    [staged.status, staged.stdout, staged.stderr],
    [0, "compile 2 args, cache=final\n", ""],
  );
  assert.deepEqual(lifecycleMetadata(staged.result), {
    buildpack_key: "old",
    detected_buildpack: "Old One",
    buildpacks: [{ key: "old", name: "Old One" }],
  });
  const names = await folder.list("droplet");
  assert.ok(
    names.includes("./app/built") && names.includes("./deps/") && !names.includes("./deps/0/"),
  );
});

test("an old buildpack after a supplier is warned about", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({});
  await folder.buildpack("one", supplying("one"));
  await folder.buildpack("old", {
    "bin/compile": sh("exit 0"),
    "bin/release": sh("echo 'default_process_types: {web: go}'"),
  });

  const staged = await folder.stage({ order: ["one", "old"], skipDetect: true });

  assert.equal(staged.status, 0);
  assert.equal(
    staged.stderr,
    "Warning: the last buildpack is not compatible with multi-buildpack apps and cannot make use of any dependencies supplied by the buildpacks specified before it\n",
  );
});

test("launch.yml goes before release, and the Procfile before both", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({ Procfile: "web: from procfile\nworker: w\n" });
  await folder.buildpack("launches", {
    ...supplying("launches"),
    "bin/release": sh("exit 1"),
    "bin/finalize": sh(
      `cat > "$3/$4/launch.yml" <<'YAML'`,
      "processes:",
      "- {type: web, command: from launch}",
      "- {type: clock, command: c}",
      "- {type: proxy, command: p, platforms: {cloudfoundry: {sidecar_for: [web]}}, limits: {memory: 16}}",
      "YAML",
      `printf 'name: launches\\nconfig: {entrypoint_prefix: trace bash -c}\\noutput_metadata: {modules: [a, 1]}\\n' > "$3/$4/config.yml"`,
    ),
  });
  await folder.buildpack("no", { "bin/detect": sh("exit 1") });

  const staged = await folder.stage({ order: ["no", "launches"] });

  assert.deepEqual([staged.status, staged.stderr], [0, ""]);
  assert.deepEqual(staged.result, {
    lifecycle_metadata: {
      buildpack_key: "launches",
      detected_buildpack: "launches",
      buildpacks: [
        {
          key: "launches",
          name: "launches",
          config: { entrypoint_prefix: "trace bash -c" },
          output_metadata: { modules: ["a", 1] },
        },
      ],
    },
    process_types: { web: "from procfile", clock: "c", worker: "w" },
    processes: [
      { type: "web", command: "from procfile" },
      { type: "clock", command: "c" },
      { type: "worker", command: "w" },
    ],
    sidecars: [{ name: "proxy", process_types: ["web"], command: "p", memory: 16 }],
    execution_metadata: "",
    lifecycle_type: "buildpack",
  });
  const home = await folder.unpackDroplet();
  assert.deepEqual(JSON.parse(await readFile(path.join(home, "staging_info.yml"), "utf8")), {
    detected_buildpack: "launches",
    start_command: "from procfile",
    config: { entrypoint_prefix: "trace bash -c" },
  });
});

test("a droplet without a web command is staged, with the warning that people know", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({});
  await folder.buildpack("silent", { ...supplying("silent"), "bin/release": sh("exit 0") });

  const staged = await folder.stage({ order: ["silent"], skipDetect: true });

  assert.equal(staged.status, 0);
  assert.equal(
    staged.stderr,
    "No start command specified by buildpack or via Procfile.\nApp will not start unless a command is provided at runtime.\n",
  );
  assert.deepEqual(processTypesOf(staged.result), {});
});

interface FailureCase {
  readonly name: string;
  readonly buildpack: Files;
  readonly app?: Files;
  readonly order?: readonly string[];
  readonly detect?: boolean;
  readonly status: number;
  readonly stderr: RegExp;
  /** Whether result.json tells of the buildpacks that ran. */
  readonly result: boolean;
}

const failures: readonly FailureCase[] = [
  {
    name: "no buildpack detects",
    buildpack: { "bin/detect": sh("echo not mine; exit 1") },
    detect: true,
    status: 222,
    stderr: /^Tried bp: not mine\nNone of the buildpacks detected a compatible application\n$/,
    result: false,
  },
  {
    name: "bin/detect is missing",
    buildpack: { "bin/supply": sh("exit 0") },
    detect: true,
    status: 222,
    stderr: /^buildpack has no \/bin\/detect: bp\nNone of the buildpacks/,
    result: false,
  },
  {
    name: "supply fails in the last buildpack",
    buildpack: { ...supplying("bp"), "bin/supply": sh("exit 42") },
    status: 223,
    stderr: /^Failed to compile droplet: Failed to run all supply scripts: exit status 42\n$/,
    result: true,
  },
  {
    name: "finalize fails",
    buildpack: { ...supplying("bp"), "bin/finalize": sh("exit 222") },
    status: 223,
    stderr: /^Failed to compile droplet: Failed to run finalize script: exit status 222\n$/,
    result: true,
  },
  {
    name: "compile fails",
    buildpack: { "bin/compile": sh("exit 7") },
    status: 223,
    stderr: /^Failed to compile droplet: Failed to compile droplet: exit status 7\n$/,
    result: true,
  },
  {
    name: "a script is killed, as for memory",
    buildpack: { ...supplying("bp"), "bin/finalize": sh("kill -9 $$") },
    status: 223,
    stderr: /^Failed to compile droplet: Failed to run finalize script: signal: killed\n$/,
    result: true,
  },
  {
    name: "a script is not executable",
    buildpack: { "bin/compile": "echo hi\n" },
    status: 223,
    stderr: /fork\/exec \S+\/bin\/compile: permission denied\n$/,
    result: true,
  },
  {
    name: "a script was saved with CR LF",
    buildpack: { "bin/compile": "#!/bin/sh\r\necho hi\r\n" },
    status: 223,
    stderr:
      /no such file or directory \(its first line ends in CR LF; save the script with LF line ends\)\n$/,
    result: true,
  },
  {
    name: "release fails",
    buildpack: { ...supplying("bp"), "bin/release": sh("exit 5") },
    status: 224,
    stderr: /^Failed to build droplet release: exit status 5\n$/,
    result: true,
  },
  {
    name: "release prints what is not YAML",
    buildpack: { ...supplying("bp"), "bin/release": sh("echo 'a: b: c'") },
    status: 224,
    stderr: /^Failed to build droplet release: buildpack's release output invalid: /,
    result: true,
  },
  {
    name: "a supplier fails",
    buildpack: { "bin/supply": sh("exit 3") },
    order: ["bp", "last"],
    status: 225,
    stderr: /^Failed to run all supply scripts: exit status 3\n$/,
    result: false,
  },
  {
    name: "a supplier cannot supply",
    buildpack: { "bin/compile": sh("exit 0") },
    order: ["bp", "last"],
    status: 225,
    stderr:
      /^Error: one of the buildpacks chosen to supply dependencies does not support multi-buildpack apps\n$/,
    result: false,
  },
  {
    name: "a buildpack without bin",
    buildpack: { a: "", b: "" },
    status: 225,
    stderr:
      /^malformed buildpack does not contain a \/bin dir: bp\nFailed to run all supply scripts: malformed/,
    result: false,
  },
  {
    name: "the Procfile is not YAML",
    buildpack: supplying("bp"),
    app: { Procfile: "web: foo: bar\n" },
    status: 1,
    stderr:
      /^Procfile: line 1, column \d+: .*\nFailed to read command from Procfile: invalid YAML\n$/,
    result: true,
  },
  {
    name: "launch.yml is not YAML",
    buildpack: { ...supplying("bp"), "bin/finalize": sh(`echo 'a: b: c' > "$3/$4/launch.yml"`) },
    status: 1,
    stderr: /^Failed to read deps\/0\/launch\.yml: /,
    result: true,
  },
  {
    name: "a custom buildpack in scp's syntax",
    buildpack: {},
    order: ["git@github.com:org/x.git"],
    status: 1,
    stderr:
      /^Invalid buildpack url \(git@github\.com:org\/x\.git\): .* first path segment in URL cannot contain colon\n$/,
    result: false,
  },
];

for (const failure of failures) {
  test(`staging ends with ${failure.status} when ${failure.name}`, async () => {
    await using folder = await StagingFolder.create();
    await folder.app(failure.app ?? { "index.txt": "" });
    await folder.buildpack("bp", failure.buildpack);
    await folder.buildpack("last", supplying("last"));

    const staged = await folder.stage({
      order: failure.order ?? ["bp"],
      skipDetect: failure.detect !== true,
    });

    assert.equal(staged.status, failure.status);
    assert.match(staged.stderr, failure.stderr);
    // The platform is told as well, by the script that failed or else by the builder.
    const last = staged.trace.at(-1);
    const told = String(member(last, "outcome"));
    if (member(last, "phase") === "detect") assert.match(told, /^exit status |^it has no /);
    else assert.ok(staged.stderr.includes(told), told);
    if (!failure.result) assert.equal(staged.result, undefined);
    else {
      assert.deepEqual(lifecycleMetadata(staged.result).buildpack_key, "bp");
      assert.equal(processTypesOf(staged.result), null);
    }
  });
}

test("a buildpack is called by the name that the platform gives beside its key, and no script sees the names", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({});
  await folder.buildpack("guid_sum", {
    "bin/detect": sh('echo "names: $RIVERA_BUILDPACK_NAMES"; exit 1'),
    "manifest.yml": "language: node\n",
    VERSION: "1.2.3\n",
  });
  await folder.buildpack("other_sum", { README: "", LICENSE: "" });

  const { stderr } = await folder.stage({
    order: ["guid_sum", "other_sum"],
    env: { RIVERA_BUILDPACK_NAMES: '{"guid_sum":"ours","other_sum":"empty"}' },
  });

  assert.equal(
    stderr,
    "malformed buildpack does not contain a /bin dir: empty\nTried ours 1.2.3: names:\nNone of the buildpacks detected a compatible application\n",
  );
});

test("a supplier without a supply script stops the staging before anything runs", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({});
  await folder.buildpack("one", supplying("one"));
  await folder.buildpack("old", { "bin/compile": sh("exit 0") });

  const staged = await folder.stage({ order: ["one", "old", "one"], skipDetect: true });

  assert.deepEqual([staged.status, staged.stdout], [225, ""]);
});

test("a detect script that is not executable is warned about, and the next buildpack is asked", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({});
  await folder.buildpack("bp", { "bin/detect": "exit 0\n" });
  await folder.buildpack("yes", supplying("yes"));

  const staged = await folder.stage({ order: ["bp", "yes"] });

  assert.equal(staged.status, 0);
  assert.match(staged.stdout, /^WARNING: buildpack script '\/bin\/detect' is not executable\n/);
});

test("the folder of a buildpack may be named by MD5, and may be one level down", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({});
  await folder.run("mkdir", [
    "-p",
    folder.path("buildpacks", "689531db40ceef6ce1f35b025e26d585", "nested", "bin"),
  ]);
  await folder.run("cp", [
    "/bin/true",
    folder.path("buildpacks", "689531db40ceef6ce1f35b025e26d585", "nested", "bin", "compile"),
  ]);
  await folder.run("cp", [
    "/bin/true",
    folder.path("buildpacks", "689531db40ceef6ce1f35b025e26d585", "nested", "bin", "release"),
  ]);

  const staged = await folder.stage({ order: ["nodejs_buildpack"], skipDetect: true });

  assert.equal(staged.status, 0);
});

test("scripts see the staging environment, DATABASE_URL and the app's NODE_OPTIONS, and nothing of the builder's own", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({});
  await folder.buildpack("env", {
    "bin/supply": sh(
      "env | grep -E '^(A|CF_STACK|DATABASE_URL|NODE_OPTIONS|RIVERA.*)=' | sort",
      "ls -l /proc/self/fd | grep -c trace.jsonl || :",
    ),
    "bin/finalize": sh("exit 0"),
    "bin/release": sh("exit 0"),
  });

  const staged = await folder.stage({
    order: ["env"],
    skipDetect: true,
    env: {
      A: "b",
      NODE_OPTIONS: "--require ./not-there.js",
      VCAP_SERVICES: JSON.stringify({ db: [{ credentials: { uri: "mysql://u:p@h/db" } }] }),
    },
  });

  assert.equal(staged.status, 0);
  // The count is of descriptors of the trace: a script must not be able to write to it.
  assert.equal(
    staged.stdout,
    "A=b\nCF_STACK=cflinuxfs4\nDATABASE_URL=mysql2://u:p@h/db\nNODE_OPTIONS=--require ./not-there.js\n0\n",
  );
});

test("references to CredHub are refused rather than passed on", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({});
  const env = {
    VCAP_PLATFORM_OPTIONS: '{"credhub-uri":"https://credhub"}',
    VCAP_SERVICES: '{"a":[{"credentials":{"credhub-ref":"x"}}]}',
  };

  assert.equal((await folder.stage({ order: ["bp"], env })).status, 4);
  assert.equal(
    (await folder.stage({ order: ["bp"], env: { VCAP_PLATFORM_OPTIONS: "{" } })).status,
    3,
  );
});

test("a background process that keeps the output open does not hold the staging up", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({});
  await folder.buildpack("forks", {
    "bin/detect": sh(`sleep 60 & echo $! > "$TMPDIR/pid"; echo forked`),
    "bin/compile": sh("exit 0"),
    "bin/release": sh(`kill $(cat "$TMPDIR/pid"); exit 0`),
  });

  const staged = await folder.stage({ order: ["forks"] });

  assert.equal(staged.status, 0);
  assert.equal(lifecycleMetadata(staged.result).detected_buildpack, "forked");
});

test("megabytes of output arrive whole and in order", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({});
  await folder.buildpack("loud", {
    "bin/compile": sh("seq 1 500000"),
    "bin/release": sh("exit 0"),
  });

  const staged = await folder.stage({ order: ["loud"], skipDetect: true });

  const lines = staged.stdout.split("\n");
  assert.deepEqual([lines.length, lines[0], lines[499_999]], [500_001, "1", "500000"]);
});

test("links, modes and names of the app's files are in the droplet as they were", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({ "a file": "x", "bin/run": sh("exit 0") });
  await folder.run("ln", ["-s", "bin/run", folder.path("app", "link")]);
  await folder.run("ln", ["-s", "/nowhere", folder.path("app", "dangling")]);
  await folder.buildpack("bp", supplying("bp"));

  await folder.stage({ order: ["bp"], skipDetect: true });

  const { stdout } = await folder.run("tar", [
    "-tvzf",
    folder.path("droplet"),
    "./app/link",
    "./app/dangling",
    "./app/bin/run",
    "./app/a file",
  ]);
  assert.match(stdout, /^lrwxrwxrwx .* \.\/app\/link -> bin\/run$/m);
  assert.match(stdout, /^lrwxrwxrwx .* \.\/app\/dangling -> \/nowhere$/m);
  assert.match(stdout, /^-rwxr-xr-x .* \.\/app\/bin\/run$/m);
});

test("the phases are traced beside the log: which buildpack, when, with what outcome, how many bytes", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({});
  await folder.buildpack("no", { "bin/detect": sh("exit 9") });
  await folder.buildpack("yes", supplying("yes"));

  const { trace } = await folder.stage({ order: ["no", "yes"] });

  const ends = trace.filter((line, at) => {
    const before = trace[at - 1];
    const isEnd = typeof line === "object" && line !== null && "ended_ms" in line;
    // Each phase is announced before it begins.
    if (isEnd) assert.equal(member(before, "started_ms"), member(line, "started_ms"));
    return isEnd;
  });
  assert.equal(trace.length, 2 * ends.length);
  const seen = ends.map((line) => {
    assert.ok(typeof line === "object" && line !== null);
    const {
      started_ms: started,
      ended_ms: ended,
      bytes,
      command,
      ...rest
    } = line as Record<string, unknown>;
    assert.ok(typeof started === "number" && typeof ended === "number" && ended >= started);
    return {
      ...rest,
      ...(Array.isArray(command) ? { command: command.join().replaceAll(/[^,]*\//g, "") } : {}),
      ...(bytes === undefined ? {} : { hasBytes: Number(bytes) > 0 }),
    };
  });
  assert.deepEqual(seen, [
    { phase: "detect", buildpack: "no", outcome: "exit status 9" },
    { phase: "detect", buildpack: "yes", outcome: "ok", output: "yes-detected\n" },
    { phase: "supply", buildpack: "yes", command: "supply,app,final,deps,0", outcome: "ok" },
    {
      phase: "finalize",
      buildpack: "yes",
      command: "finalize,app,final,deps,0,profile.d",
      outcome: "ok",
    },
    { phase: "release", buildpack: "yes", command: "release,app", outcome: "ok" },
    { phase: "droplet", outcome: "ok", hasBytes: true },
    { phase: "cache", outcome: "ok", hasBytes: true },
  ]);
});

interface LifecycleMetadata {
  readonly buildpack_key: string;
  readonly detected_buildpack: string;
}

function lifecycleMetadata(result: unknown): LifecycleMetadata {
  return member(result, "lifecycle_metadata") as LifecycleMetadata;
}

function processTypesOf(result: unknown): unknown {
  return member(result, "process_types");
}

function member(value: unknown, key: string): unknown {
  assert.ok(
    typeof value === "object" && value !== null && key in value,
    `no ${key} in ${JSON.stringify(value)}`,
  );
  return Object.entries(value).find(([name]) => name === key)?.[1];
}
