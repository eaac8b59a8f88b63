import assert from "node:assert/strict";
import { test } from "node:test";
import { batchesOf } from "../scripts/test-batches.ts";

const file = (path: string, hasHooks = false) => ({ path, hasHooks });
const numbered = (folder: string, count: number) =>
  Array.from({ length: count }, (_, at) =>
    file(`${folder}/${String(at).padStart(2, "0")}.test.ts`),
  );

test("each file is run once, what has tables on each database", () => {
  const files = [
    ...numbered("src/cloud-controller/apps", 30),
    ...numbered("src/router", 3),
    ...numbered("test/acceptance", 2),
    file("test/conformance/endpoints.test.ts"),
  ];
  const batches = batchesOf(files, ["SQLite", "PostgreSQL"]);
  const runOn = (database: string) =>
    batches.filter((batch) => batch.database === database).flatMap((batch) => batch.files);

  assert.deepEqual(runOn("SQLite").toSorted(), files.map(({ path }) => path).toSorted());
  assert.deepEqual(
    runOn("PostgreSQL").toSorted(),
    [...files.slice(0, 30), ...files.slice(-1)].map(({ path }) => path).toSorted(),
  );
});

test("files of a component share processes of at most twelve; those with hooks or containers are alone", () => {
  const files = [
    ...numbered("src/uaa", 13),
    file("src/uaa/hooks.test.ts", true),
    ...numbered("test/acceptance", 2),
  ];
  const sizes = batchesOf(files, ["SQLite"]).map((batch) => batch.files.length);

  assert.deepEqual(
    sizes.toSorted((one, other) => one - other),
    [1, 1, 1, 6, 7],
  );
});

test("what takes longest begins first, then what starts platforms", () => {
  const paths = [
    "src/uaa/a.test.ts",
    "test/acceptance/a.test.ts",
    "src/cloud-controller/packages/killed-upload.test.ts",
    "test/buildpacks/go.test.ts",
  ];
  const batches = batchesOf(
    paths.map((path) => file(path)),
    ["SQLite"],
  );

  assert.deepEqual(
    batches.flatMap((batch) => batch.files),
    paths.toReversed().toSpliced(1, 2, paths[2] ?? "", paths[1] ?? ""),
  );
});

test("temporary files are in memory where no program and no container uses them", () => {
  const paths = ["src/uaa/a.test.ts", "src/diego/cell/a.test.ts", "src/cmd/a.test.ts"];
  const batches = batchesOf(
    paths.map((path) => file(path)),
    ["SQLite"],
  );

  assert.deepEqual(
    batches.filter((batch) => batch.inMemory).flatMap((batch) => batch.files),
    ["src/uaa/a.test.ts"],
  );
});
