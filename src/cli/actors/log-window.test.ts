import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogMessage } from "../api/log-cache.ts";
import { LogWindow } from "./log-window.ts";

const second = 1_000_000_000n;

function line(text: string, timestamp: bigint): LogMessage {
  return { timestamp, text, sourceType: "STG", instance: "0", type: "OUT" };
}

function texts(messages: readonly LogMessage[]): string[] {
  return messages.map(({ text }) => text);
}

test("lines that were read before are not shown again", () => {
  const window = new LogWindow(100n);

  assert.deepEqual(texts(window.take([line("a", 100n), line("b", 200n)])), ["a", "b"]);
  assert.deepEqual(texts(window.take([line("a", 100n), line("b", 200n), line("c", 300n)])), ["c"]);
});

test("a line that reaches log-cache late is shown although newer ones were", () => {
  const window = new LogWindow(0n);
  window.take([line("api", 10n * second)]);

  const late = line("stg", 9n * second);

  assert.ok(window.startTime <= late.timestamp);
  assert.deepEqual(texts(window.take([late, line("api", 10n * second)])), ["stg"]);
});

test("lines from before the start never show, and the window moves on with the newest", () => {
  const window = new LogWindow(50n * second);

  assert.deepEqual(texts(window.take([line("old", 49n * second)])), []);
  assert.equal(window.startTime, 50n * second);
  window.take([line("new", 60n * second)]);
  assert.equal(window.startTime, 58n * second);
});

test("a batch is shown in the order of its times", () => {
  const window = new LogWindow(0n);

  assert.deepEqual(texts(window.take([line("2", 2n), line("1", 1n), line("3", 3n)])), [
    "1",
    "2",
    "3",
  ]);
});
