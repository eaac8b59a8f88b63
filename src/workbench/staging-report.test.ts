import assert from "node:assert/strict";
import { test } from "node:test";
import { reportOn } from "./staging-report.ts";

const droplet = { path: "droplet.tgz", bytes: 7, sha256: "abc" };
const result = (metadata: object, processTypes: object = { web: "run" }) =>
  JSON.stringify({
    execution_metadata: "",
    lifecycle_type: "buildpack",
    lifecycle_metadata: { detected_buildpack: "Mine", ...metadata },
    process_types: processTypes,
  });
const facts = {
  completion: { failed: false, failureReason: "", result: result({}) },
  droplet,
  spans: [],
  limits: { memoryInMb: 1024, diskInMb: 4096 },
  times: { startedAt: 1_000, endedAt: 3_000 },
  nameOf: (key: string) => key.replace(/_.*/, ""),
};
const succeeded = (text: string) => ({ failed: false, failureReason: "", result: text });
const failed = (failureReason: string) => ({ failed: true, failureReason, result: "" });

test("a staging has failed for the reasons, and in the words, of a push", () => {
  const cases = [
    [failed("exit status 222"), droplet, "NoAppDetectedError"],
    [failed("exit status 223"), droplet, "BuildpackCompileFailed"],
    [failed("insufficient resources: memory"), undefined, "InsufficientResources"],
    [succeeded("{"), droplet, "StagingError: Staging error: Malformed message from Diego stager"],
    [succeeded(result({})), undefined, "StagingError: Staging error: no droplet"],
    [
      succeeded(result({}, {})),
      droplet,
      "StagingError: Staging error: Start command not specified",
    ],
  ] as const;
  for (const [completion, given, reason] of cases) {
    const report = reportOn({ ...facts, completion, droplet: given });
    assert.equal(report.kind, "failed", reason);
    const { id, description } = report.failure;
    assert.ok(`${id}: ${description}`.startsWith(reason), `${id}: ${description}`);
  }
});

test("a staged app's buildpacks have the names that they were given by", () => {
  const cases = [
    [{}, []],
    [{ buildpack_key: "mine_abc" }, [{ name: "mine", version: undefined }]],
    [
      { buildpacks: [{ key: "one_1", version: "1.0" }, { key: "two_2" }] },
      [
        { name: "one", version: "1.0" },
        { name: "two", version: undefined },
      ],
    ],
  ] as const;
  for (const [metadata, buildpacks] of cases) {
    const report = reportOn({ ...facts, completion: succeeded(result(metadata)) });
    assert.equal(report.kind, "staged");
    assert.deepEqual(report.buildpacks, buildpacks);
    assert.deepEqual(report.processTypes, { web: "run" });
    assert.equal(report.detectedBuildpack, "Mine");
  }
});
