import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { bundleLifecycle } from "./bundle.ts";
import { StagingFolder } from "./staging-folder.ts";

test("the bundle holds the programs of a container, and is made once and the same everywhere", async () => {
  const cacheDir = await mkdtemp(path.join(os.tmpdir(), "rivera-bundle-"));
  const otherDir = await mkdtemp(path.join(os.tmpdir(), "rivera-bundle-"));
  try {
    const [first, twin] = await Promise.all([
      bundleLifecycle({ cacheDir }),
      bundleLifecycle({ cacheDir }),
    ]);
    const made = await stat(first.path);
    const again = await bundleLifecycle({ cacheDir });
    const elsewhere = await bundleLifecycle({ cacheDir: otherDir });

    assert.deepEqual([twin, again], [first, first]);
    assert.equal((await stat(again.path)).ino, made.ino, "an existing bundle was made again");
    assert.deepEqual([elsewhere.key, elsewhere.sha256], [first.key, first.sha256]);
    await using folder = await StagingFolder.create();
    const { stdout } = await folder.run("tar", ["-tvzf", first.path]);
    for (const name of ["builder", "healthcheck", "launcher", "shell"]) {
      assert.match(stdout, new RegExp(`^-rwxr-xr-x 0/0 .* \\./${name}$`, "m"));
    }
    assert.match(stdout, /\.\/node -> \/etc\/cf-assets\/node$/m);
  } finally {
    for (const directory of [cacheDir, otherDir]) await rm(directory, { recursive: true });
  }
});
