import assert from "node:assert/strict";
import { test } from "node:test";
import { planStagingSync, type StagingBuild } from "./staging-sync.ts";

const now = new Date("2030-01-01T01:00:00Z");
const build = (guid: string, changes: Partial<StagingBuild> = {}): StagingBuild => ({
  guid,
  updatedAt: "2030-01-01T00:59:00.000Z",
  isDesiring: false,
  ...changes,
});
const plan = (
  builds: readonly StagingBuild[],
  tasks: readonly { guid: string; isActive: boolean }[],
) => planStagingSync({ builds, tasks, now, stagingTimeoutMs: 900_000 });

test("a build with a task, and one whose task is about to be desired, are left alone", () => {
  const builds = [build("a"), build("b", { isDesiring: true })];

  assert.deepEqual(plan(builds, [{ guid: "a", isActive: true }]), {
    toComplete: [],
    lost: [],
    expired: [],
    toCancel: [],
  });
});

test("a build whose task has ended unheard is completed by it", () => {
  assert.deepEqual(plan([build("a")], [{ guid: "a", isActive: false }]).toComplete, ["a"]);
});

test("a build without a task is lost", () => {
  assert.deepEqual(plan([build("a")], []).lost, ["a"]);
});

test("a build that stages 20 minutes and more has expired, with or without a task", () => {
  const old = { updatedAt: "2030-01-01T00:39:59.000Z" };

  const { expired, lost } = plan(
    [build("a", old), build("b", old)],
    [{ guid: "a", isActive: true }],
  );

  assert.deepEqual(expired, ["a", "b"]);
  assert.deepEqual(lost, []);
});

test("a task whose build is gone is cancelled unless it has ended", () => {
  const tasks = [
    { guid: "running", isActive: true },
    { guid: "ended", isActive: false },
  ];

  assert.deepEqual(plan([], tasks).toCancel, ["running"]);
});
