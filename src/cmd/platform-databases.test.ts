import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { settleDatabases } from "./platform-databases.ts";
import { platformPaths } from "./platform-paths.ts";
import { newPlatformState, readPlatformState } from "./platform-state.ts";

function scratch() {
  const dataDir = mkdtempSync(path.join(tmpdir(), "rivera-databases-"));
  const paths = platformPaths(dataDir);
  const fresh = newPlatformState({ apiPort: 1, routerPort: 2, bbsPort: 3, cloudControllerPort: 4 });
  const said: string[] = [];
  return {
    dataDir,
    said,
    sqlite: paths.database("cloud-controller"),
    settle: (asked: string | undefined) =>
      settleDatabases({
        dataDir,
        paths,
        asked,
        state: readPlatformState(dataDir) ?? fresh,
        say: (line) => said.push(line),
      }),
    [Symbol.dispose]: () => rmSync(dataDir, { recursive: true }),
  };
}

test("without a URL each component has a file of its own", () => {
  using folder = scratch();

  const databases = folder.settle(undefined);

  const files = Object.values(databases).map((each) => ("path" in each ? each.path : ""));
  assert.equal(new Set(files).size, 3);
  assert.ok(files.every((file) => file.startsWith(folder.dataDir)));
  assert.deepEqual(folder.said, []);
});

test("a URL gives each a schema, is remembered, may change, and is shown without its password", () => {
  using folder = scratch();

  const first = folder.settle("postgres://me:secret@host:1/cf");
  const later = folder.settle(undefined);
  const moved = folder.settle("postgres://me:changed@other/cf");
  const last = folder.settle(undefined);

  assert.deepEqual(first.uaa, { url: "postgres://me:secret@host:1/cf", schema: "uaa" });
  assert.deepEqual(
    Object.values(first).map((each) => "schema" in each && each.schema),
    ["uaa", "bbs", "cloud_controller"],
  );
  assert.deepEqual(later, first);
  assert.deepEqual(last, moved);
  assert.deepEqual(folder.said.slice(0, 3), [
    'Data   "postgres://me@host:1/cf"',
    'Data   "postgres://me@host:1/cf"',
    'Data   "postgres://me@other/cf"',
  ]);
});

test("a URL is refused where the folder has its rows in SQLite", () => {
  using folder = scratch();
  writeFileSync(folder.sqlite, "");

  assert.throws(() => folder.settle("postgres://host/cf"), /has its rows in SQLite already/);
  assert.equal(readPlatformState(folder.dataDir), undefined);
});
