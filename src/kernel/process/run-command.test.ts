import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandFailed, runChecked, runCommand } from "./run-command.ts";

test("runCommand() gives status and both outputs, and nothing of our environment", async () => {
  process.env["RIVERA_LEAK"] = "1";

  const result = await runCommand("bash", ["-c", "env; echo oops >&2; exit 3"]);

  assert.equal(result.status, 3);
  assert.equal(result.stderr, "oops\n");
  assert.doesNotMatch(result.stdout, /RIVERA_LEAK/);
});

test("runCommand() feeds its input and survives a child that does not read it", async () => {
  const read = await runCommand("cat", [], { input: "abc" });
  const unread = await runCommand("true", [], { input: "x".repeat(1_000_000) });

  assert.equal(read.stdout, "abc");
  assert.equal(unread.status, 0);
});

test("runCommand() kills a child at its time-out and keeps no more output than asked", async () => {
  const killed = await runCommand("sleep", ["60"], { timeoutMs: 50 });
  const long = await runCommand("head", ["-c", "100000", "/dev/zero"], { maxOutputBytes: 10 });

  assert.equal(killed.signal, "SIGKILL");
  assert.equal(long.stdout.length, 10);
});

test("runCommand() does not wait for what a killed command leaves behind", async () => {
  const left = 'sleep 60 & echo "$!" >&2; wait';
  const begun = runCommand("bash", ["-c", left], { timeoutMs: 200, maxOutputBytes: 100 });

  const killed = await begun;

  assert.equal(killed.signal, "SIGKILL");
  process.kill(Number(killed.stderr), "SIGKILL");
});

test("runChecked() names the command, how it ended and what it said", async () => {
  await assert.rejects(runChecked("bash", ["-c", "echo broken >&2; exit 2"]), (error) => {
    assert.ok(error instanceof CommandFailed);
    assert.match(error.message, /Cannot run "bash -c .*": exit status 2: broken/);
    return true;
  });
});
