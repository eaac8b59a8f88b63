// For tests: apps and buildpacks that between them touch each rule of the builder in which the original and ours agree.
// Where they differ on purpose (docs/known-differences.md) there is a test of ours alone.
import type { Files } from "../staging-folder.ts";

export interface Scenario {
  readonly name: string;
  readonly app: Files;
  readonly buildpacks: Readonly<Record<string, Files>>;
  readonly order: readonly string[];
  readonly skipDetect?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

const sh = (...lines: string[]): string => ["#!/bin/bash", ...lines, ""].join("\n");

/** Says all that a script can see: its arguments, where it runs, its environment, its user, its open files. */
const seen = (name: string): string =>
  [
    `echo "${name}: $#"; for a in "$@"; do echo "  $a"; done; pwd; umask; id -u`,
    "env | grep -v '^_=\\|^SHLVL=\\|^RIVERA_TRACE_FD=' | sort",
    "ls -Al $(dirname $0) | cut -c1-10; [ -t 0 ] || wc -c < /proc/self/fd/0",
  ].join("\n");

/** A whole modern buildpack that leaves something of each kind. */
function whole(name: string, extra: Files = {}): Files {
  return {
    "bin/detect": sh(`echo ${name}`),
    "bin/supply": sh(
      seen("supply"),
      `printf 'name: ${name}\\nversion: 1.50\\n' > "$3/$4/config.yml"`,
      `mkdir -p "$3/$4/bin" "$2/sub"; echo x > "$3/$4/bin/tool"; chmod 750 "$3/$4/bin/tool"; date > "$2/sub/file"`,
    ),
    "bin/finalize": sh(
      seen("finalize"),
      `echo "export FROM_PROFILE=1" > "$5/${name}.sh"`,
      `ls "$3"; echo made > "$1/made"; ln -s made "$1/link"; ln -s /nowhere "$1/dangling"`,
    ),
    "bin/release": sh(
      `{ ${seen("release")}; } >&2`,
      `printf 'default_process_types: {web: echo run ${name}}\\n'`,
    ),
    ...extra,
  };
}

function launching(...lines: readonly string[]): string {
  return sh(`cat > "$3/$4/launch.yml" <<'YAML'`, ...lines, "YAML");
}

const old: Files = {
  "bin/detect": sh("printf 'Old One\\n\\r\\n'"),
  "bin/compile": sh(seen("compile"), `echo cached > "$2/file"`),
  "bin/release": sh(
    "printf 'config_vars: {A: b}\\ndefault_process_types: {web: go, worker: w}\\n'",
  ),
};

const one = { bp: whole("one") };

/** As little as a buildpack can be, where the app is what is looked at. */
const plain = { bp: { "bin/finalize": sh("exit 0"), "bin/release": sh("echo '{}'") } };

/** A last buildpack whose script of that name is replaced. */
const withScript = (name: string, ...lines: string[]): Readonly<Record<string, Files>> => ({
  bp: { ...whole("one"), [`bin/${name}`]: sh(...lines) },
});

const named = { order: ["bp"], skipDetect: true } as const;

const ten = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

const modern: readonly Scenario[] = [
  {
    name: "a detected buildpack supplies, finalizes and releases",
    app: { "index.txt": "hello", "dir/empty": "", "run.sh": sh("exit 0") },
    buildpacks: one,
    order: ["bp"],
  },
  {
    name: "the same buildpack, named",
    app: { "index.txt": "" },
    buildpacks: one,
    ...named,
    env: { VCAP_SERVICES: '{"db":[{"credentials":{"uri":"postgresql://u:p@h:1/d?x=y"}}]}', A: "b" },
  },
  {
    name: "three named buildpacks",
    app: {},
    buildpacks: { a: whole("a"), b: whole("b"), c: whole("c") },
    order: ["a", "b", "c"],
    skipDetect: true,
  },
  {
    name: "a buildpack named twice has one cache and two indices",
    app: {},
    buildpacks: { a: whole("a") },
    order: ["a", "a"],
    skipDetect: true,
  },
  {
    name: "ten buildpacks have two-digit indices",
    app: {},
    buildpacks: Object.fromEntries(ten.map((name) => [name, whole(name)])),
    order: ten,
    skipDetect: true,
  },
  {
    name: "the first of two that detect",
    app: {},
    buildpacks: { no: { "bin/detect": sh("exit 1") }, bp: whole("one"), late: whole("late") },
    order: ["no", "bp", "late"],
  },
  {
    name: "a detect script of many lines names a buildpack without config.yml",
    app: {},
    buildpacks: {
      bp: { ...whole("one"), "bin/detect": sh("printf 'a\\nb\\r\\n'"), "bin/supply": sh("exit 0") },
    },
    order: ["bp"],
  },
  {
    name: "a detect script that is not executable, and one that is missing",
    app: {},
    buildpacks: {
      x: { "bin/detect": "exit 0\n" },
      y: { "bin/none": "" },
      z: { a: "", b: "" },
      bp: whole("one"),
    },
    order: ["x", "y", "z", "bp"],
  },
  {
    name: "no supply, only finalize",
    app: {},
    buildpacks: { bp: { "bin/finalize": sh("exit 0"), "bin/release": sh("exit 0") } },
    ...named,
  },
  {
    name: "one level down",
    app: {},
    buildpacks: { bp: { "nested/bin/compile": sh("pwd"), "nested/bin/release": sh("exit 0") } },
    ...named,
  },
];

const compiling: readonly Scenario[] = [
  { name: "an old buildpack, detected", app: {}, buildpacks: { bp: old }, order: ["bp"] },
  { name: "an old buildpack, named", app: {}, buildpacks: { bp: old }, ...named },
  {
    name: "an old one after a supplier",
    app: {},
    buildpacks: { a: whole("a"), bp: old },
    order: ["a", "bp"],
    skipDetect: true,
  },
];

const processes: readonly Scenario[] = [
  {
    name: "launch.yml with a sidecar",
    app: {},
    buildpacks: withScript(
      "supply",
      launching(
        "processes:",
        "- {type: web, command: w & <x> > y, limits: {memory: 5}}",
        "- {type: proxy, command: p, platforms: {cloudfoundry: {sidecar_for: [web, worker]}}, limits: {memory: 16}}",
        "- {type: nomem, command: n, platforms: {cloudfoundry: {sidecar_for: [web]}}}",
      ),
    ),
    ...named,
  },
  {
    name: "an empty launch.yml keeps release from running",
    app: {},
    buildpacks: {
      bp: {
        ...whole("one"),
        "bin/supply": sh('> "$3/$4/launch.yml"'),
        "bin/release": sh("exit 9"),
      },
    },
    ...named,
  },
  {
    name: "a later launch.yml and the Procfile replace by type",
    app: { Procfile: "clock: from procfile\nproxy: a process now\n" },
    buildpacks: {
      a: {
        ...whole("a"),
        "bin/supply": launching(
          "processes:",
          "- {type: web, command: a}",
          "- {type: proxy, command: p, platforms: {cloudfoundry: {sidecar_for: [web]}}}",
        ),
      },
      b: {
        ...whole("b"),
        "bin/supply": launching("processes: [{type: web, command: b}, {type: clock, command: b}]"),
      },
      c: { ...whole("c"), "bin/supply": sh("exit 0") },
    },
    order: ["a", "b", "c"],
    skipDetect: true,
  },
  {
    name: "config.yml with everything",
    app: {},
    buildpacks: withScript(
      "supply",
      `printf 'name: n\\nversion: 1.10\\nconfig: {entrypoint_prefix: trace, other: 1}\\noutput_metadata: {a: [1, yes, x], c: "1"}\\n' > "$3/$4/config.yml"`,
    ),
    ...named,
  },
  {
    name: "config.yml that is no YAML",
    app: {},
    buildpacks: withScript("supply", `echo 'a: b: c' > "$3/$4/config.yml"`),
    ...named,
  },
  {
    name: "config.yml of two documents",
    app: {},
    buildpacks: withScript("supply", `printf 'name: x\\n---\\nname: y\\n' > "$3/$4/config.yml"`),
    ...named,
  },
  {
    name: "nothing that starts web",
    app: {},
    buildpacks: withScript("release", "exit 0"),
    ...named,
  },
];

const procfiles = [
  'web: run --opt "a: b"',
  "web: foo: bar",
  "web: [a, b]",
  "web: %x",
  "web: @x",
  "web: *x",
  "web: >2 echo",
  "\tweb: x",
  "web: {a: b}",
  "just words",
  "- web: x",
  "web: &x y",
  "web: !tag x",
  "web: 'it''s'",
  "web: `x`",
  "web: ? x",
  "web: | x",
  "web: 8080\nb: true\nc: yes\nd: 1.50\ne: 0x10\nf: 1_000\ng: 2001-01-01",
  "web:",
  "web: ~",
  "web: null",
  'web: ""',
  'web: x # trailing\nworker: "quoted\\tz"\n# comment',
  "web: |\n  one\n  two\n",
  "web: >-\n  one\n  two\n",
  "web: a\n  b",
  "web: ${X} && {y}",
  "",
  "---\nweb: x\n---\nweb: y\n",
  "web: a\r\nworker: b\r\n",
  "web: a#b",
  "web : spaced",
  '"web": x',
  "web: x\n...\n",
  "\uFEFFweb: bom",
  "web: x:y",
  "web: http://h:1/",
  "? web\n: x",
  "8080: x",
  "a b: c",
  "web: -x",
  "web: - x",
  "web: x\n\n\n",
  "web: a\u0001b",
  "web: a\u007fb",
  "web: \u00e9 \u{1f600}",
].map((source): Scenario => ({
  name: `Procfile ${JSON.stringify(source)}`,
  app: { Procfile: source },
  buildpacks: plain,
  ...named,
}));

const releases = [
  "",
  "--- {}",
  "words",
  "default_process_types: [a]",
  "default_process_types: {web: [a]}",
  "default_process_types: {web: 1}",
  "a: b: c",
  "default_process_types:",
  "[]",
  "default_process_types: {}\nother: [1]",
].map((output): Scenario => ({
  name: `release ${JSON.stringify(output)}`,
  app: {},
  buildpacks: withScript("release", `printf '%b' '${output.replaceAll("\n", "\\n")}'`),
  ...named,
}));

const failures: readonly Scenario[] = [
  {
    name: "no buildpack detects",
    app: {},
    buildpacks: { bp: { "bin/detect": sh("exit 1") } },
    order: ["bp"],
  },
  ...[
    "exit 1",
    "exit 222",
    "exit 223",
    "exit 224",
    "exit 255",
    "kill -9 $$",
    "kill -TERM $$",
    "kill -SEGV $$",
    "kill -PIPE $$",
  ].flatMap((end) =>
    ["supply", "finalize", "release"].map((script): Scenario => ({
      name: `${script}: ${end}`,
      app: {},
      buildpacks: withScript(script, end),
      ...named,
    })),
  ),
  {
    name: "compile fails",
    app: {},
    buildpacks: { bp: { ...old, "bin/compile": sh("exit 137") } },
    ...named,
  },
  {
    name: "compile is not executable",
    app: {},
    buildpacks: { bp: { ...old, "bin/compile": "echo hi" } },
    ...named,
  },
  {
    name: "release is missing",
    app: {},
    buildpacks: { bp: { "bin/compile": sh("exit 0") } },
    ...named,
  },
  {
    name: "neither finalize nor compile",
    app: {},
    buildpacks: { bp: { "bin/detect": sh("exit 0") } },
    ...named,
  },
  {
    name: "a supplier fails",
    app: {},
    buildpacks: { a: { "bin/supply": sh("exit 4") }, bp: whole("one") },
    order: ["a", "bp"],
    skipDetect: true,
  },
  {
    name: "a supplier cannot supply",
    app: {},
    buildpacks: { s: whole("s"), a: old, bp: whole("one") },
    order: ["s", "a", "bp"],
    skipDetect: true,
  },
  { name: "a buildpack without bin", app: {}, buildpacks: { bp: { a: "", b: "" } }, ...named },
  {
    name: "a custom buildpack in scp's syntax",
    app: {},
    buildpacks: {},
    order: ["git@github.com:org/x.git"],
    skipDetect: true,
  },
  {
    name: "a zip by another scheme",
    app: {},
    buildpacks: {},
    order: ["git://127.0.0.1:9/none"],
    skipDetect: true,
  },
];

export const scenarios: readonly Scenario[] = [
  ...modern,
  ...compiling,
  ...processes,
  ...procfiles,
  ...releases,
  ...failures,
];
