import assert from "node:assert/strict";
import { PassThrough, Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { test } from "node:test";
import { matchLine, progressLine, withProgress } from "./progress-bar.ts";
import { Ui } from "./ui.ts";

const mebibyte = 1024 ** 2;

test("a progress bar tells share, bytes, rate and time left", () => {
  const bar = (filled: number) => `[${"=".repeat(filled)}>${" ".repeat(39 - filled)}]`;
  for (const [done, total, elapsedMs, expected] of [
    [0, 100, 0, `${bar(0)} 0%  0 of 100B`],
    [0, 100, 9_000, `${bar(0)} 0%  0 of 100B`],
    // Too early for a rate.
    [mebibyte, 4 * mebibyte, 499, `${bar(10)} 25%  1M of 4M`],
    [2 * mebibyte, 4 * mebibyte, 1_000, `${bar(20)} 50%  2M of 4M  2M/s  1s left`],
    [mebibyte, 10 * mebibyte, 2_000, `${bar(4)} 10%  1M of 10M  512K/s  18s left`],
    [100, 100, 1_000, `[${"=".repeat(40)}] 100%  100B of 100B  100B/s`],
    [0, 0, 0, `[${"=".repeat(40)}] 100%  0 of 0`],
  ] as const) {
    assert.equal(progressLine({ done, total, elapsedMs }), expected);
  }
});

test("what matching has spared is told in entries and bytes", () => {
  const all = [{ size: 3 * mebibyte }, { size: 1024 }, { size: 0 }];

  assert.equal(
    matchLine(all, [{ size: 1024 }, { size: 0 }]),
    "3 entries (3M): the platform holds 1 (3M), 2 (1K) to send",
  );
});

/** A minute passes between two looks at the clock. */
function hastyClock() {
  let minutes = 0;
  const now = () => new Date(60_000 * minutes++);
  return { now, sleep: () => Promise.reject(new Error("A bar does not sleep")) };
}

async function send(isErrTerminal: boolean) {
  const err = new PassThrough();
  const streams = { input: new PassThrough(), out: new PassThrough(), err };
  const ui = new Ui(streams, { color: false, terminalWidth: undefined, isErrTerminal });
  const content = {
    length: 6,
    open: () => Readable.from([Buffer.from("abc"), Buffer.from("def")]),
  };
  const sent = await buffer(withProgress({ ui, clock: hastyClock() }, content).open());
  err.end();
  return { sent: sent.toString(), shown: await text(err) };
}

test("a bar is drawn over itself on a terminal, and what passes is unchanged", async () => {
  const { sent, shown } = await send(true);

  assert.equal(sent, "abcdef");
  assert.match(shown, /^\r\[=+>.*50%  3B of 6B .*\r\[=+\] 100%  6B of 6B .*\n$/);
});

test("no bar is drawn where stderr is no terminal", async () => {
  assert.deepEqual(await send(false), { sent: "abcdef", shown: "" });
});
