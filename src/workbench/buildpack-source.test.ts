import assert from "node:assert/strict";
import { mkdirSync, mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { findBuildpack, shippedBuildpacks } from "./buildpack-source.ts";

function folderWith(names: readonly string[]) {
  const folder = mkdtempDisposableSync(path.join(tmpdir(), "rivera-workbench-"));
  for (const name of names) {
    const file = path.join(folder.path, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, "");
  }
  return folder;
}

test("a buildpack is a URL, a folder, a zip or one that is shipped, and a path wins over a name", () => {
  using folder = folderWith([
    "mine/bin/supply",
    "old.zip",
    "shipped/go_buildpack/bin/supply",
    "shipped/ruby_buildpack/bin/compile",
    "ruby_buildpack/bin/compile",
  ]);
  const at = (name: string) => path.join(folder.path, name);
  const lookup = { workingFolder: folder.path, shippedDirectory: at("shipped") };
  const cases = [
    ["https://example.com/bp.git#v1", { kind: "url", url: "https://example.com/bp.git#v1" }],
    ["git@example.com:me/bp.git", { kind: "url", url: "git@example.com:me/bp.git" }],
    ["./mine/", { kind: "folder", name: "mine", path: at("mine") }],
    [at("mine"), { kind: "folder", name: "mine", path: at("mine") }],
    ["old.zip", { kind: "zip", name: "old", path: at("old.zip") }],
    ["go_buildpack", { kind: "folder", name: "go_buildpack", path: at("shipped/go_buildpack") }],
    ["ruby_buildpack", { kind: "folder", name: "ruby_buildpack", path: at("ruby_buildpack") }],
  ] as const;
  for (const [asked, found] of cases) assert.deepEqual(findBuildpack(asked, lookup), found, asked);
  assert.deepEqual(
    shippedBuildpacks(lookup).map((source) => "name" in source && source.name),
    ["ruby_buildpack", "go_buildpack"],
    "in the order of detection",
  );
});

test("what is no buildpack is refused with what it lacks", () => {
  using folder = folderWith(["src/main.go", "half/bin/detect", "shipped/go_buildpack/bin/supply"]);
  const lookup = {
    workingFolder: folder.path,
    shippedDirectory: path.join(folder.path, "shipped"),
  };
  const cases = [
    [
      "nothing",
      "'nothing' is no buildpack: it is neither a folder, nor a zip file, nor a URL, nor one of go_buildpack",
    ],
    ["src", "'src' is no buildpack: it has no folder 'bin'"],
    ["half", "'half' is no buildpack: its folder 'bin' holds none of supply, finalize and compile"],
  ] as const;
  for (const [asked, message] of cases) {
    assert.throws(() => findBuildpack(asked, lookup), { name: "Failure", message }, asked);
  }
});
