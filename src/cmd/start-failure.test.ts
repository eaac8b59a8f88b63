import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { test } from "node:test";
import { explainStart } from "./start-failure.ts";

function thrownBy(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "";
}

test("what is wrong with the data folder is one line with the mend", () => {
  const cases: [string, () => void, RegExp][] = [
    ["/dev/full", () => writeFileSync("/dev/full", "x"), /no space is left on the disk.*Free some/],
    ["/dev/null", () => mkdirSync("/dev/null"), /"\/dev\/null": it is no folder\. Give another/],
    ["/dev/null/x", () => mkdirSync("/dev/null/x"), /lies below something that is no folder/],
  ];
  for (const [dataDir, work, expected] of cases) {
    const explained = messageOf(explainStart(thrownBy(work), dataDir));
    assert.match(explained, expected);
    assert.ok(!explained.includes("\n"), explained);
  }
});

test("a program that is missing is named with what installs it", async () => {
  const child = spawn("no-such-program-of-ours");
  const [error] = await once(child, "error");

  assert.match(
    messageOf(explainStart(error, "/data")),
    /program "no-such-program-of-ours" is missing.*npm run setup/,
  );
});

test("a port that was taken between its choice and the listening is named with the mend", async () => {
  await using first = createServer().listen(0, "127.0.0.1");
  await once(first, "listening");
  const address = first.address();
  assert.ok(address !== null && typeof address === "object");
  const second = createServer().listen(address.port, "127.0.0.1");
  const [error] = await once(second, "error");

  assert.equal(
    messageOf(explainStart(error, "/data")),
    `Cannot start: 127.0.0.1:${address.port} was taken by another program a moment ago. Start again: what is still taken then is replaced`,
  );
});

test("an error that has its own words, or is about another file, stays as it is", () => {
  const own = new Error("Cannot use the data folder");
  const elsewhere = thrownBy(() => mkdirSync("/dev/null"));

  assert.equal(explainStart(own, "/data"), own);
  assert.equal(explainStart(elsewhere, "/data"), elsewhere);
});
