import assert from "node:assert/strict";
import { test } from "node:test";
import { revisionReasons } from "./revision-reasons.ts";
import type { Configuration } from "./revision-table.ts";

const proxy = { name: "proxy", command: "./proxy", processTypes: ["web", "worker"], memoryInMb: 1 };
const base: Configuration = {
  dropletGuid: "droplet",
  environmentVariables: { A: "1", B: "2" },
  commands: { web: null, worker: "run" },
  sidecars: [proxy],
};

const cases: readonly [string, Partial<Configuration>, string][] = [
  ["nothing", {}, ""],
  ["the order of variables", { environmentVariables: { B: "2", A: "1" } }, ""],
  [
    "a sidecar's memory and the order of its types",
    { sidecars: [{ ...proxy, processTypes: ["worker", "web"], memoryInMb: 2 }] },
    "",
  ],
  ["the droplet", { dropletGuid: "other" }, "New droplet deployed."],
  ["a variable", { environmentVariables: { A: "1" } }, "New environment variables deployed."],
  [
    "a command given",
    { commands: { web: "serve", worker: "run" } },
    "Custom start command added for 'web' process.",
  ],
  [
    "a command taken back",
    { commands: { web: null, worker: null } },
    "Custom start command removed for 'worker' process.",
  ],
  [
    "another command",
    { commands: { web: null, worker: "walk" } },
    "Custom start command updated for 'worker' process.",
  ],
  [
    "a new type, with a command of its own",
    { commands: { ...base.commands, clock: "tick" } },
    "New process type 'clock' added.",
  ],
  ["a type less", { commands: { web: null } }, "Process type 'worker' removed."],
  ["a sidecar less", { sidecars: [] }, "Sidecars updated."],
  ["a sidecar's command", { sidecars: [{ ...proxy, command: "./other" }] }, "Sidecars updated."],
  [
    "everything",
    { dropletGuid: "other", environmentVariables: {}, commands: { web: "serve" }, sidecars: [] },
    "Custom start command added for 'web' process. New droplet deployed. " +
      "New environment variables deployed. Process type 'worker' removed. Sidecars updated.",
  ],
];
for (const [what, change, expected] of cases) {
  test(`a difference in ${what} makes "${expected}"`, () => {
    assert.equal(revisionReasons(base, { ...base, ...change }).join(" "), expected);
  });
}
