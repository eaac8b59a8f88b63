import assert from "node:assert/strict";
import { test } from "node:test";
import type { TimelinePiece } from "../api/build-insight.ts";
import { timelineRows } from "./timeline-rows.ts";

function piece(name: string, startMs: number, endMs: number, more: Partial<TimelinePiece> = {}) {
  return {
    title: name,
    name,
    startMs,
    endMs,
    isCritical: true,
    isRunning: false,
    error: undefined,
    bytes: undefined,
    cached: false,
    wasMs: undefined,
    because: undefined,
    ...more,
  };
}

test("bars stand where their pieces stand in the whole; full ones are critical, notes say what is known", () => {
  const rows = timelineRows({
    durationMs: 40_000,
    error: undefined,
    pieces: [
      piece("queue", 0, 100),
      piece("download app", 100, 10_000, { bytes: 2048, isCritical: false }),
      piece("process", 10_000, 40_000, { isCritical: false }),
      piece("detect", 10_000, 10_005, { error: "exit status 1" }),
      piece("supply", 10_000, 30_000, { wasMs: 9_000, because: "there was no build cache" }),
      piece("finalize", 30_000, 40_000, { error: "exit \u001b[2Jstatus 1" }),
    ],
  });

  assert.deepEqual(
    rows.map(({ cells }) => cells),
    [
      ["  queue", "0.10 s", "█", ""],
      ["  download app", "9.9 s", "░".repeat(10), "2K"],
      ["process", "30.0 s", " ".repeat(10) + "░".repeat(30), ""],
      [
        "  supply",
        "20.0 s",
        " ".repeat(10) + "█".repeat(20),
        "was 9.0 s: there was no build cache",
      ],
      ["  finalize", "10.0 s", " ".repeat(30) + "█".repeat(10), "exit \\x1b[2Jstatus 1"],
      ["  1 of less than 10 ms", "", "", ""],
    ],
  );
  assert.deepEqual(
    rows.map(({ isFailed }) => isFailed),
    [false, false, false, false, true, false],
  );
});

test("what has not ended says so, however short it is", () => {
  const rows = timelineRows({
    durationMs: 1_000,
    error: undefined,
    pieces: [piece("supply b", 999, 1_000, { isRunning: true })],
  });

  assert.deepEqual(
    rows.map(({ cells }) => cells.at(-1)),
    ["running"],
  );
});

test("a staging of which nothing is known has no rows", () => {
  assert.deepEqual(timelineRows({ durationMs: 0, error: undefined, pieces: [] }), []);
});
