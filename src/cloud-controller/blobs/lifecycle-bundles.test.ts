import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { RunningApp } from "../testing/running-app.ts";

const earlier = "a".repeat(32);
const today = "b".repeat(32);

test("an app that an earlier version started gets that version's lifecycle, or today's where it is gone", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "bundles-"));
  const startWith = async (key: string) => {
    const file = path.join(folder, `lifecycle-${key}.tgz`);
    await writeFile(file, key);
    return await RunningApp.start({ staging: { lifecycleBundle: { path: file, key } } });
  };
  try {
    await using before = await startWith(earlier);
    const [lrp] = before.bbs.desired.values();
    const desired = new URL(lrp?.cachedDependencies[0]?.from ?? "");
    await using after = await startWith(today);
    const fetched = async (name = desired.pathname) =>
      await after.cc.cell("GET", `${after.cc.internalUrl}${name}${desired.search}`);

    const whileThere = await fetched();
    await rm(path.join(folder, `lifecycle-${earlier}.tgz`));
    const onceGone = await fetched();
    const unsigned = await fetched(desired.pathname.replace(earlier, "c".repeat(32)));

    assert.equal(whileThere.text, earlier);
    assert.equal(onceGone.text, today);
    assert.equal(unsigned.status, 401);
  } finally {
    await rm(folder, { recursive: true });
  }
});
