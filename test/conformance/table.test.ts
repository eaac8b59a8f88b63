import assert from "node:assert/strict";
import { test } from "node:test";
import { markdown, type Outcome } from "./table.ts";

const passed: Outcome = { result: "passed", reason: "" };
const skipped: Outcome = { result: "skipped", reason: "no official client" };

test("the table tells what passed from what was skipped, failed or has no test", () => {
  const text = markdown({
    notes: ["V3 API: 3.215.0"],
    catalogue: [
      { name: "push", priority: "P0", category: "Apps" },
      { name: "apps", priority: "P0", category: "Apps" },
      { name: "version", priority: "P0", category: "Getting Started" },
    ],
    outcomes: new Map<string, Outcome>([
      ["cf push: as the client asks", passed],
      ["cf push: the official client", skipped],
      ["cf version: the official client", passed],
      ["GET /v3/apps: answers", { result: "failed", reason: "500 | oh\nno" }],
      ["GET /v3/apps: refuses", passed],
    ]),
  });

  assert.match(text, /\| `push` \| P0 \| Apps \| skipped \| passed \| no official client \|/);
  assert.match(text, /\| `apps` \| P0 \| Apps \| not there \| - \| no test \|/);
  assert.match(text, /\| `version` \| P0 \| Getting Started \| passed \| - \| {2}\|/);
  assert.match(text, /\| `GET \/v3\/apps` \| failed \| passed \| 500 \\\| oh no \|/);
  assert.match(text, /\| commands by the official client \| 1 \| 0 \| 1 \| 1 \|/);
  assert.match(text, /\| endpoints: a request that succeeds \| 0 \| 1 \| 0 \| 0 \|/);
});
