import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { StagingFolder, type Files } from "../staging-folder.ts";

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
