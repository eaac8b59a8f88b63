import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { CellChannel } from "./cell-channel.ts";
import { askForSnapshots } from "./snapshots.ts";

/** A cell that keeps each line that it reads before it says so, and answers what asks for a snapshot, in a file. */
const cell = `while read -r line; do
  sleep 0.02; printf '%s\\n' "$line" >>read; printf x
  case $line in *snapshot*) sleep 0.02; echo done >>answered; printf s ;; esac
done <lines >answers`;

function channel(t: TestContext, script: string) {
  const folder = mkdtempSync(path.join(tmpdir(), "rivera-channel-"));
  execFileSync("mkfifo", ["lines", "answers"], { cwd: folder });
  // Both ways, as the supervisor holds them: opening never waits.
  const [lines, answers] = ["lines", "answers"].map((name) =>
    openSync(path.join(folder, name), "r+"),
  );
  assert.ok(lines !== undefined && answers !== undefined);
  const child = spawn("sh", ["-c", script], { cwd: folder, stdio: "ignore" });
  t.after(async () => {
    const exited = once(child, "exit");
    if (child.kill("SIGKILL")) await exited;
    for (const fd of [lines, answers]) closeSync(fd);
    rmSync(folder, { recursive: true });
  });
  return {
    channel: new CellChannel({ lines, answers }),
    file: (name: string) => readFileSync(path.join(folder, name), "utf8"),
  };
}

test("what was told has been read when the wait for it is over", (t) => {
  const { channel: told, file } = channel(t, cell);

  told.tell({ phase: "one" });
  told.tell({ phase: "two" });
  told.waitUntilRead(60_000);

  assert.equal(file("read"), '{"phase":"one"}\n{"phase":"two"}\n');
});

test("a snapshot has been answered when the script may run; before the first script none is waited for", (t) => {
  const { channel: told, file } = channel(t, cell);
  const snapshots = askForSnapshots(told);

  snapshots.before("supply:0", { buildpack: "one", isFirst: true });
  told.tell({ phase: "supply" });
  told.waitUntilRead(60_000);
  snapshots.before("finalize:0", { buildpack: "one", isFirst: false });

  assert.equal(file("answered"), "done\ndone\n");
});

test("where nobody reads the wait ends, and where none can be heard there is no wait", (t) => {
  const { channel: told } = channel(t, "exec sleep 60");

  told.tell({ phase: "one" });
  assert.ok(told.waitUntilRead(5) >= 5);
  assert.equal(told.waitForAnswer(5), false);

  const deaf = new CellChannel({ lines: openSync("/dev/null", "w"), answers: undefined });
  deaf.tell({ phase: "one" });
  assert.equal(deaf.waitUntilRead(60_000), 0);
});
