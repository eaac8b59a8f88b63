import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { couldNotJoin, lastLogLine } from "./last-log-line.ts";

test("a refused join is told from other failures, in whichever order the runtime's two processes say it", (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "runtime-log-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const log = path.join(folder, "runtime.log");
  const refused = "setns(pid=17, CLONE_*): Operation not permitted";
  for (const [text, last, isRefused] of [
    [`${refused}\nfail startup\n`, "fail startup", true],
    [`fail startup\n${refused}\n`, refused, true],
    ["fail startup\n", "fail startup", false],
    ["executable file `x` not found in $PATH: No such file or directory\n", undefined, false],
    ["", "it said nothing", false],
  ] as const) {
    writeFileSync(log, text);
    assert.equal(couldNotJoin(log), isRefused, text);
    assert.equal(lastLogLine(log), last ?? text.trim());
  }
  assert.equal(couldNotJoin(path.join(folder, "none")), false);
});
