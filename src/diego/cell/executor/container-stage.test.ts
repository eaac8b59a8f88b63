import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerStage } from "./container.ts";
import { advance, failedOutcome, stoppedOutcome } from "./container-stage.ts";

const netInfo = {
  address: "10.0.0.1",
  instanceAddress: "10.0.0.1",
  ports: [],
  preferredAddress: "INSTANCE" as const,
};
const stages: readonly ContainerStage[] = [
  { state: "reserved" },
  { state: "initializing" },
  { state: "created" },
  { state: "running", netInfo, routable: true },
  { state: "completed", outcome: stoppedOutcome() },
];

test("a container goes forward, may skip stages, and never goes back", () => {
  for (const [at, from] of stages.entries()) {
    for (const [then, to] of stages.entries()) {
      const repeats = from.state === "running" && to.state === "running";
      const expected = from.state !== "completed" && (then > at || repeats) ? to : from;
      assert.equal(advance(from, to), expected, `${from.state} -> ${to.state}`);
    }
  }
});

test("the readiness of a running container may change", () => {
  const to: ContainerStage = { state: "running", netInfo, routable: false };

  assert.equal(advance({ state: "running", netInfo, routable: true }, to), to);
});

test("a second outcome does not replace the first", () => {
  const first: ContainerStage = { state: "completed", outcome: failedOutcome("first") };

  assert.equal(advance(first, { state: "completed", outcome: failedOutcome("second") }), first);
});

test("a failure reason is cut to what the bulletin board keeps", () => {
  const { failureReason } = failedOutcome("x".repeat(5000));

  assert.equal(failureReason.length, 1024);
  assert.match(failureReason, /\(truncated\)$/);
});
