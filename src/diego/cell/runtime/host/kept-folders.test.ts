import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { distrustEarlierBoot } from "./kept-folders.ts";

function cellFolder(t: TestContext) {
  const dataDir = mkdtempSync(path.join(tmpdir(), "rivera-kept-"));
  t.after(() => rmSync(dataDir, { recursive: true }));
  const layer = path.join(dataDir, "unpacked/vcap-abc/root");
  const disk = path.join(dataDir, "disks/512M.img");
  const container = path.join(dataDir, "containers/one");
  for (const folder of [layer, path.dirname(disk), container]) {
    mkdirSync(folder, { recursive: true });
  }
  writeFileSync(disk, "");
  const inTrash = () => {
    const trash = path.join(dataDir, "trash");
    return existsSync(trash) ? readdirSync(trash).length : 0;
  };
  return { dataDir, layer, disk, container, inTrash };
}

test("what an earlier run of the machine left half written under its final name is taken no more", (t) => {
  const { dataDir, layer, disk, container, inTrash } = cellFolder(t);
  distrustEarlierBoot(dataDir, "first");

  distrustEarlierBoot(dataDir, "second");

  assert.deepEqual([layer, disk].filter(existsSync), []);
  assert.equal(inTrash(), 2);
  assert.ok(existsSync(container));
});

test("a cell that comes back in the same run of the machine keeps it, also one that told no run before", (t) => {
  const { dataDir, layer, disk, inTrash } = cellFolder(t);

  for (let starts = 0; starts < 3; starts += 1) distrustEarlierBoot(dataDir, "same");

  assert.deepEqual([layer, disk].map(existsSync), [true, true]);
  assert.equal(inTrash(), 0);
});

test("a note of the run that the disk never got counts as another run's", (t) => {
  const { dataDir, layer } = cellFolder(t);
  writeFileSync(path.join(dataDir, "boot-id"), "");

  distrustEarlierBoot(dataDir, "second");

  assert.ok(!existsSync(layer));
});
