import assert from "node:assert/strict";
import { test } from "node:test";
import { stagingFailure } from "./failure-reason.ts";

const table = [
  [
    "STG: Exited with status 222",
    "NoAppDetectedError - An app was not successfully detected by any available buildpack",
  ],
  [
    "STG: Exited with status 223",
    "BuildpackCompileFailed - App staging failed in the buildpack compile phase",
  ],
  [
    "STG: Exited with status 224",
    "BuildpackReleaseFailed - App staging failed in the buildpack release phase",
  ],
  ["STG: Exited with status 225", "StagingError - Staging error: staging failed"],
  [
    "STG: Exited with status 223 (out of memory)",
    "StagingError - Staging error: staging failed: out of memory (limit 1024M)",
  ],
  [
    "STG: Exited with status 223 (disk quota exceeded: 4G of 4G used)",
    "StagingError - Staging error: staging failed: disk quota exceeded: 4G of 4G used",
  ],
  ["insufficient resources: memory", "InsufficientResources - Insufficient resources"],
  ["found no compatible cell for stack", "NoCompatibleCell - Found no compatible cell"],
  [
    "unable to communicate to compatible cells",
    "StagingError - Staging error: unable to communicate to compatible cells",
  ],
  [
    "exceeded 15m0s timeout; STG: Exited with status 143",
    "StagingTimeExpired - Staging time expired: staging did not end within 15m0s",
  ],
  [
    "cell disappeared before completion",
    "StagingError - Staging error: staging failed: its cell was lost: stage again",
  ],
  [
    "cell restarted while the task was running",
    "StagingError - Staging error: staging failed: its cell was restarted: stage again",
  ],
  [
    "not started within time limit",
    "StagingError - Staging error: staging failed: no cell began with it in time: stage again",
  ],
  ["Downloading app package failed", "StagingError - Staging error: staging failed"],
  ["task was cancelled", "StagingError - Staging error: staging failed"],
] as const;

for (const [reason, error] of table) {
  test(`the failure "${reason}" is told as ${error}`, () => {
    const { id, description } = stagingFailure(reason, { memoryInMb: 1024 });

    assert.equal(`${id} - ${description}`, error);
  });
}
