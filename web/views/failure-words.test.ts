import assert from "node:assert/strict";
import { test } from "node:test";
import { failureWords } from "./failure-words.ts";

test("an error is told for a person, and keeps what the platform said", () => {
  for (const [error, id, headline, details] of [
    [
      "NoAppDetectedError - An app was not successfully detected by any available buildpack",
      "NoAppDetectedError",
      "No buildpack recognised the app",
      "An app was not successfully detected by any available buildpack",
    ],
    [
      "StagingError - Staging error: staging failed: out of memory (limit 1024M)",
      "StagingError",
      "Staging ran out of memory",
      "Staging error: staging failed: out of memory (limit 1024M)",
    ],
    [
      "StagingError - Staging error: staging failed: disk quota exceeded: 1G",
      "StagingError",
      "Staging ran out of disk",
      "Staging error: staging failed: disk quota exceeded: 1G",
    ],
    [
      "StagingError - Staging error: Start command not specified",
      "StagingError",
      "Nothing says how to start the app",
      "Staging error: Start command not specified",
    ],
    [
      "BuildpackCompileFailed - App staging failed in the buildpack compile phase: out of memory, limit 1024M, peak 1G",
      "BuildpackCompileFailed",
      "Staging ran out of memory",
      "App staging failed in the buildpack compile phase: out of memory, limit 1024M, peak 1G",
    ],
    [
      "StagingError - Staging error: staging failed: Procfile: each line must be `process type: command`",
      "StagingError",
      "The Procfile cannot be read",
      "Staging error: staging failed: Procfile: each line must be `process type: command`",
    ],
    [
      "StagingError - Staging error: staging failed: its cell was lost: stage again",
      "StagingError",
      "The staging lost its cell",
      "Staging error: staging failed: its cell was lost: stage again",
    ],
    ["Odd - a - b\nc", "Odd", "Staging failed", "a - b\nc"],
    ["no form at all", "StagingError", "Staging failed", "no form at all"],
  ] as const) {
    const words = failureWords(error);
    assert.deepEqual([words.id, words.headline, words.details], [id, headline, details]);
    assert.notEqual(words.mend, "");
  }
});
