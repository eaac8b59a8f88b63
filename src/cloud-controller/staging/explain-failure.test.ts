import assert from "node:assert/strict";
import { test } from "node:test";
import type { Span } from "../build-observations/observation-table.ts";
import { endInWords } from "./exit-words.ts";
import { explainFailure } from "./explain-failure.ts";
import { stagingFailure } from "./failure-reason.ts";

const limits = { memoryInMb: 1024, diskInMb: 4096 };

function span(name: string, outcome: string, more: Partial<Span> = {}): Span {
  const from = ["process", "download", "upload", "container"].includes(name) ? "cell" : "builder";
  const times = { startedAt: 0, endedAt: 14_600 };
  return { name, subject: "nodejs_buildpack", from, ...times, outcome, ...more };
}

const declined = span("detect", "exit status 1");

const table: readonly (readonly [string, readonly Span[], string])[] = [
  [
    "STG: Exited with status 223",
    [
      declined,
      span("supply", "ok"),
      span("finalize", "exit status 1"),
      span("process", "exit status 223"),
    ],
    "App staging failed in the buildpack compile phase: finalize of nodejs_buildpack ended with exit status 1",
  ],
  [
    "STG: Exited with status 223",
    [
      span("supply", "exit status 137"),
      span("process", "exit status 223", { outOfMemory: true, memoryPeakBytes: 1_073_741_824 }),
    ],
    "App staging failed in the buildpack compile phase: out of memory, limit 1024M, peak 1G, in supply of nodejs_buildpack",
  ],
  [
    "STG: Exited with status 137 (out of memory)",
    [
      span("supply", "interrupted"),
      span("process", "exit status 137", { outOfMemory: true, memoryPeakBytes: 1_073_741_824 }),
    ],
    "Staging error: staging failed: out of memory (limit 1024M): peak 1G, in supply of nodejs_buildpack",
  ],
  [
    "STG: Exited with status 223",
    [
      span("supply", "exit status 1"),
      span("process", "exit status 223", {
        outOfMemory: false,
        largestFolders: [{ path: "/tmp/app/node_modules", bytes: 3_221_225_472 }],
      }),
    ],
    "App staging failed in the buildpack compile phase: a disk is full, limit 4096M, /tmp/app/node_modules has 3G, in supply of nodejs_buildpack",
  ],
  [
    "STG: Exited with status 222",
    [{ ...declined, nearest: "package.json is in the folder web" }, declined],
    "An app was not successfully detected by any available buildpack: package.json is in the folder web",
  ],
  [
    "STG: Exited with status 222",
    [declined, span("process", "exit status 222")],
    "An app was not successfully detected by any available buildpack",
  ],
  [
    "exceeded 15m0s timeout; STG: Exited with status 143",
    [span("supply", "interrupted"), span("process", "exit status 143")],
    "Staging time expired: staging did not end within 15m0s: supply of nodejs_buildpack was running, for 15 s",
  ],
  [
    "exceeded 15m0s timeout",
    [span("download", "ok", { subject: "app package" })],
    "Staging time expired: staging did not end within 15m0s: the last that ended was download of app package",
  ],
  [
    "STG: Exited with status 223",
    [
      span("supply", "exit status 1", {
        errors: "       **ERROR** Cannot read package.json: Unexpected token\n",
      }),
      span("process", "exit status 223"),
    ],
    "App staging failed in the buildpack compile phase: supply of nodejs_buildpack ended with exit status 1: Cannot read package.json: Unexpected token",
  ],
  [
    "STG: Exited with status 224",
    [
      span("release", "ok"),
      span("builder", "Failed to build droplet release: buildpack's release output invalid", {
        subject: "",
      }),
      span("process", "exit status 224"),
    ],
    "App staging failed in the buildpack release phase: Failed to build droplet release: buildpack's release output invalid",
  ],
  [
    "STG: Exited with status 1",
    [
      span("download", "exit status 128", { from: "builder", subject: "http://there/x.git" }),
      span("download", "ok", { from: "builder", subject: "http://there/x.git" }),
      span("process", "exit status 1"),
    ],
    "Staging error: staging failed",
  ],
  [
    "Downloading app package failed",
    [span("download", "failed", { subject: "app package" })],
    "Staging error: staging failed: download of app package failed",
  ],
  [
    "Failed to upload payload for droplet",
    [
      span("process", "ok"),
      span("upload", "failed", { subject: "droplet" }),
      span("upload", "interrupted", { subject: "build artifacts cache" }),
    ],
    "Staging error: staging failed: upload of droplet failed",
  ],
  ["STG: Exited with status 225", [], "Staging error: staging failed"],
  [
    "STG: Exited with status 1",
    [span("process", "exit status 1")],
    "Staging error: staging failed",
  ],
];

for (const [reason, spans, expected] of table) {
  test(`the developer reads: ${expected}`, () => {
    const failure = stagingFailure(reason, limits);

    const { id, description, logMessage } = explainFailure(failure, spans, limits);

    assert.equal(description, expected);
    assert.equal(id, failure.id);
    // The original's words come first.
    assert.ok(description.startsWith(failure.description));
    assert.equal(logMessage, description.replace(failure.description, failure.logMessage));
  });
}

const ends: readonly (readonly [string, string])[] = [
  ["exit status 1", "ended with exit status 1"],
  ["exit status 126", "ended with exit status 126 (a file could not be executed)"],
  ["exit status 127", "ended with exit status 127 (a command was not found)"],
  ["exit status 137", "ended with exit status 137 (killed by SIGKILL)"],
  ["exit status 139", "ended with exit status 139 (crashed with SIGSEGV)"],
  ["exit status 223", "ended with exit status 223"],
  ["signal: killed", "was killed by SIGKILL"],
  ["signal: SIGTERM", "was killed by SIGTERM"],
  ["signal: terminated", "was killed by SIGTERM"],
  ["signal: segmentation fault", "crashed with SIGSEGV"],
  ["signal: SIGRTMIN", "was killed by SIGRTMIN"],
  ["signal: of another kind", "failed: signal: of another kind"],
  ["interrupted", "was interrupted"],
  ["fork/exec bin/supply: permission denied", "failed: fork/exec bin/supply: permission denied"],
];

for (const [outcome, words] of ends) {
  test(`"${outcome}" in words: it ${words}`, () => {
    assert.equal(endInWords(outcome), words);
  });
}
