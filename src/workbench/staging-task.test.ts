import assert from "node:assert/strict";
import { test } from "node:test";
import { preloadedRootFs } from "#diego/models/root-fs.ts";
import { stagingTask, type StagingTaskFacts } from "./staging-task.ts";

const blob = (url: string) => ({ url, sha256: "abc" });
const facts: StagingTaskFacts = {
  taskGuid: "6a8f9625-c6ce-4e63-8f00-818bb091689e",
  appName: "shop",
  surroundings: {
    lifecycle: { url: "http://blobs/lifecycle", key: "v1" },
    lang: "C.UTF-8",
    stagingEnvironment: { http_proxy: "http://proxy", GREETING: "host" },
  },
  stack: "cflinuxfs4",
  memoryInMb: 512,
  diskInMb: 1024,
  timeoutMs: 60_000,
  environment: { GREETING: "mine" },
  buildpacks: [
    { kind: "admin", name: "bp", key: "bp_1", bits: blob("http://blobs/bp") },
    { kind: "custom", url: "https://example.com/bp.git" },
  ],
  detect: false,
  toolchains: ["node"],
  package: blob("http://blobs/app"),
  buildpackCache: undefined,
  urls: { droplet: "http://up/d", cache: "http://up/c", observation: "http://up/o" },
};

test("the task is a push's, made of what was asked for on the command line", () => {
  const { rootFs, memoryMb, diskMb, logGuid, action } = stagingTask(facts);
  assert.ok(action.kind === "timeout" && action.action.kind === "serial");
  const run = action.action.actions.find((each) => each.kind === "run");
  const variables = new Map(run?.env.map(({ name, value }) => [name, value]));

  assert.equal(rootFs, preloadedRootFs({ stack: "cflinuxfs4", toolchains: ["node"] }));
  assert.deepEqual([memoryMb, diskMb, action.timeoutMs], [512, 1024, 60_000]);
  assert.equal(logGuid, facts.taskGuid, "a source of the log for this staging alone");
  assert.ok(run?.args.includes("-buildpackOrder=bp_1,https://example.com/bp.git"));
  assert.ok(run?.args.includes("-skipDetect=true"));
  assert.equal(variables.get("GREETING"), "mine", "the app's own variable wins");
  assert.equal(variables.get("http_proxy"), "http://proxy");
  assert.equal(variables.get("CF_STACK"), "cflinuxfs4");
  assert.equal(JSON.parse(variables.get("VCAP_APPLICATION") ?? "").application_name, "shop");
});
