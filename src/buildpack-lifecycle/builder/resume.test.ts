import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { test } from "node:test";
import { StagingFolder } from "../staging-folder.ts";

const sh = (...lines: string[]): string => ["#!/bin/sh", ...lines, ""].join("\n");

const supplier = {
  "bin/supply": sh('echo "the first supplies"; echo made >"$3/$4/made"; echo "$3" >"$3/$4/place"'),
};
const broken = {
  "bin/supply": sh('echo "the second supplies"'),
  "bin/finalize": sh("exit 7"),
};
const mended = {
  ...broken,
  "bin/finalize": sh(
    'test "$(cat "$3/0/place")" = "$3" || exit 8',
    'echo "finalizes with $(cat "$3/0/made")"; echo "processes: [{ type: web, command: run }]" >"$3/$4/launch.yml"',
  ),
};

async function failedStaging() {
  const folder = await StagingFolder.create();
  await folder.app({ "index.txt": "hello" });
  await folder.buildpack("first", supplier);
  await folder.buildpack("second", broken);
  const failed = await folder.stage({ order: ["first", "second"], skipDetect: true });
  assert.equal(failed.status, 223, failed.stderr);
  await rm(folder.path("buildpacks"), { recursive: true });
  await folder.buildpack("first", supplier);
  await folder.buildpack("second", mended);
  return folder;
}

test("a staging goes on at a script with what the ones before it have left, in the same places", async () => {
  await using folder = await failedStaging();

  const staged = await folder.stage({
    order: ["first", "second"],
    skipDetect: true,
    resumeFrom: "finalize:1",
  });

  assert.deepEqual([staged.status, staged.stderr], [0, ""]);
  assert.equal(staged.stdout, "finalizes with made\n");
  assert.ok((await folder.list("droplet")).includes("./deps/0/made"));
});

test("a script that the buildpacks do not have is named with those that they have, and no droplet is made", async () => {
  await using folder = await failedStaging();

  const staged = await folder.stage({
    order: ["first", "second"],
    skipDetect: true,
    resumeFrom: "compile:1",
  });

  assert.equal(staged.status, 1);
  assert.equal(
    staged.stderr,
    "Cannot go on from compile:1: the scripts of these buildpacks are supply:0, supply:1, finalize:1\n",
  );
  assert.ok(!existsSync(folder.path("droplet")));
});

test("a staging that goes on where nothing has been says so", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({ "index.txt": "hello" });
  await folder.buildpack("second", mended);

  const staged = await folder.stage({
    order: ["second"],
    skipDetect: true,
    resumeFrom: "finalize:0",
  });

  assert.equal(staged.status, 1);
  assert.match(staged.stderr, /nothing is there to go on from finalize:0 with/);
});
