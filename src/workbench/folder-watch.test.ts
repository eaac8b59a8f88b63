import assert from "node:assert/strict";
import { mkdirSync, mkdtempDisposableSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { FolderWatch } from "./folder-watch.ts";

const never = new AbortController().signal;

test("a change below a folder is told once it is quiet, however deep it lies", async () => {
  using folder = mkdtempDisposableSync(path.join(tmpdir(), "rivera-watch-"));
  const deep = path.join(folder.path, "a/b");
  mkdirSync(deep, { recursive: true });
  const clock = new FakeClock();
  using watch = new FolderWatch([folder.path], clock);
  let told = false;
  const change = watch.changed(never).then(() => (told = true));

  writeFileSync(path.join(deep, "file"), "x");
  await clock.sleeping(1);
  assert.equal(told, false, "not before it is quiet");
  while (!told) await clock.advance(100);
  await change;

  const end = new AbortController();
  const next = watch.changed(end.signal);
  end.abort(new Error("enough"));
  await assert.rejects(next, /enough/, "the same change is told once");
});

test("a file that is replaced is still watched, and its neighbours are not", async () => {
  using folder = mkdtempDisposableSync(path.join(tmpdir(), "rivera-watch-"));
  const at = (name: string) => path.join(folder.path, name);
  writeFileSync(at("bp.zip"), "1");
  const clock = new FakeClock();
  using watch = new FolderWatch([at("bp.zip")], clock);
  using control = new FolderWatch([folder.path], clock);
  writeFileSync(at("other"), "x");
  let controlTold = false;
  const seen = control.changed(never).then(() => (controlTold = true));
  while (!controlTold) await clock.advance(100);
  await seen;
  const end = new AbortController();
  const untold = watch.changed(end.signal);
  end.abort(new Error("no change"));
  await assert.rejects(untold, /no change/);
  const told = clock.sleeping(1).then(() => "told");
  assert.equal(await Promise.race([told, Promise.resolve("untold")]), "untold");

  for (const content of ["2", "3"]) {
    let told = false;
    const change = watch.changed(never).then(() => (told = true));
    writeFileSync(at("new.zip"), content);
    renameSync(at("new.zip"), at("bp.zip"));
    while (!told) await clock.advance(100);
    await change;
  }
});
