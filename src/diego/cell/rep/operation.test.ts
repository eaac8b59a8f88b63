import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActualLrp } from "#diego/models/actual-lrp.ts";
import {
  claimedBy,
  netInfo,
  pendingTask,
  runningOn,
  runningTask,
} from "#diego/models/model-builders.ts";
import type { ContainerOutcome, ContainerStage } from "../executor/container.ts";
import { lrpOperation, taskOperation } from "./operation.ts";

const running: ContainerStage = { state: "running", netInfo: netInfo(), routable: true };

function completed(outcome: Partial<ContainerOutcome>): ContainerStage {
  return {
    state: "completed",
    outcome: {
      failed: true,
      failureReason: "",
      stopped: false,
      retryable: false,
      result: "",
      ...outcome,
    },
  };
}

test("the stage of an instance's container decides what its row is told", () => {
  const cases: [ContainerStage, ActualLrp | "unknown" | undefined, string][] = [
    [{ state: "reserved" }, undefined, "claim-and-run"],
    [{ state: "initializing" }, claimedBy("a"), "nothing"],
    [{ state: "created" }, claimedBy("a"), "nothing"],
    [{ state: "created" }, "unknown", "nothing"],
    [{ state: "created" }, undefined, "claim"],
    [{ state: "created" }, claimedBy("b"), "claim"],
    [running, claimedBy("a"), "start"],
    [running, runningOn("a"), "start"],
    [completed({ failureReason: "Exited with status 1" }), runningOn("a"), "crash"],
    [completed({ failed: false }), runningOn("a"), "crash"],
    [completed({ stopped: true }), runningOn("a"), "remove"],
  ];
  for (const [stage, row, kind] of cases) {
    const facts = { row, stage, instanceGuid: "instance-a", isRecovering: false };
    assert.equal(lrpOperation(facts).kind, kind, `${stage.state}, ${JSON.stringify(row)}`);
  }
});

test("a container that was found again keeps the routes of its row while its health is checked", () => {
  const facts = { stage: { state: "created" } as const, instanceGuid: "instance-a" };

  assert.deepEqual(lrpOperation({ ...facts, row: runningOn("a"), isRecovering: false }), {
    kind: "nothing",
  });
});

test("a row without a container is removed, but made again by a cell that comes back", () => {
  const facts = { stage: undefined, instanceGuid: "instance-a" };
  const kind = (row: ActualLrp | undefined, isRecovering: boolean) =>
    lrpOperation({ ...facts, row, isRecovering }).kind;

  assert.equal(kind(runningOn("a"), false), "remove");
  assert.equal(kind(claimedBy("a"), false), "remove");
  assert.equal(kind(runningOn("a"), true), "make-again");
  assert.equal(kind(runningOn("a", { presence: "SUSPECT" }), true), "make-again");
  assert.equal(kind(runningOn("a", { presence: "EVACUATING" }), true), "nothing");
  assert.equal(kind(undefined, true), "nothing");
});

test("the stage of a task's container decides what its row is told", () => {
  const cases: [ContainerStage, string][] = [
    [{ state: "reserved" }, "start-and-run"],
    [{ state: "initializing" }, "nothing"],
    [{ state: "created" }, "nothing"],
    [running, "nothing"],
    [completed({ failed: false, result: "{}" }), "complete"],
    [completed({ failureReason: "STG: Exited with status 223" }), "complete"],
    [completed({ failureReason: "failed to create container", retryable: true }), "reject"],
    [completed({ stopped: true, retryable: true }), "destroy"],
  ];
  for (const [stage, kind] of cases) {
    assert.equal(taskOperation({ row: "unknown", stage, isRecovering: false }).kind, kind);
  }
});

test("a running task without a container has failed", () => {
  const row = runningTask("cell-a");

  assert.deepEqual(taskOperation({ row, stage: undefined, isRecovering: false }), {
    kind: "fail-lost",
    reason: "task container does not exist",
  });
  assert.deepEqual(taskOperation({ row, stage: undefined, isRecovering: true }), {
    kind: "fail-lost",
    reason: "cell restarted while the task was running",
  });
  assert.deepEqual(taskOperation({ row: pendingTask(), stage: undefined, isRecovering: false }), {
    kind: "nothing",
  });
});
