import assert from "node:assert/strict";
import { test } from "node:test";
import { formatBytes, parseBytes } from "./size.ts";

test("parseBytes() reads sizes as Cloud Foundry writes them", () => {
  const cases: [string, number | undefined][] = [
    ["512M", 536_870_912],
    ["512mb", 536_870_912],
    ["1G", 1_073_741_824],
    ["1.5K", 1536],
    ["100B", 100],
    ["100", undefined],
    ["-1M", undefined],
    ["1X", undefined],
    ["", undefined],
  ];
  for (const [text, bytes] of cases) assert.equal(parseBytes(text), bytes, text);
});

test("formatBytes() prints them as the official client does", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [100, "100B"],
    [1024, "1K"],
    [1536, "1.5K"],
    [32 * 1024 ** 2, "32M"],
    [1024 ** 3, "1G"],
  ];
  for (const [bytes, text] of cases) assert.equal(formatBytes(bytes), text);
});
