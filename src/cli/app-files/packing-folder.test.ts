import assert from "node:assert/strict";
import { mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { packingFolder } from "./packing-folder.ts";

test("packing takes a folder of its own, and what a killed push left a day ago goes", async (t) => {
  await using temporary = await temporaryFolder();
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = temporary.path;
  t.after(() => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  });
  const dayAgo = systemClock.now().getTime() / 1_000 - 25 * 60 * 60;
  for (const name of ["rivera-push-old", "rivera-push-running", "other-old"]) {
    mkdirSync(path.join(temporary.path, name));
    writeFileSync(path.join(temporary.path, name, "package.zip"), "zip");
  }
  symlinkSync("other-old", path.join(temporary.path, "rivera-push-link"));
  for (const name of ["rivera-push-old", "other-old"]) {
    utimesSync(path.join(temporary.path, name), dayAgo, dayAgo);
  }

  let own = "";
  {
    await using folder = await packingFolder(systemClock);
    own = path.basename(folder.path);
    writeFileSync(path.join(folder.path, "package.zip"), "zip");
    assert.deepEqual(
      readdirSync(temporary.path).sort(),
      ["other-old", "rivera-push-link", "rivera-push-running", own].sort(),
    );
  }
  assert.ok(own.startsWith("rivera-push-"));
  assert.ok(!readdirSync(temporary.path).includes(own));
});
