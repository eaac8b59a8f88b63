import assert from "node:assert/strict";
import { existsSync, mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { BuildCaches } from "./build-caches.ts";

test("the newest cache of an app on a stack is kept, and no other app finds it", async () => {
  using folder = mkdtempDisposableSync(path.join(tmpdir(), "rivera-caches-"));
  const caches = new BuildCaches(path.join(folder.path, "caches"));
  const received = (name: string) => {
    const file = path.join(folder.path, name);
    writeFileSync(file, name);
    return { path: file, bytes: name.length, sha256: name };
  };
  const app = { source: "/apps/one", stack: "cflinuxfs4" };
  assert.equal(await caches.find(app), undefined);

  await caches.keep(app, received("first"));
  const first = await caches.find(app);
  await caches.keep(app, received("second"));
  const second = await caches.find(app);

  assert.equal(second?.sha256, "second");
  assert.equal(existsSync(second.path), true);
  assert.equal(existsSync(first?.path ?? ""), false);
  assert.equal(await caches.find({ ...app, stack: "other" }), undefined);
  assert.equal(await caches.find({ ...app, source: "/apps/two" }), undefined);
});
