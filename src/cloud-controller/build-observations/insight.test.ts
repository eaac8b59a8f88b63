import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import type { Observed } from "#diego/models/observation.ts";
import { observedBuild, observedLine } from "../testing/observed-build.ts";

const trace = (content: object): Observed => ({ kind: "trace", text: JSON.stringify(content) });

const failedStaging: readonly Observed[] = [
  { kind: "span", name: "place", subject: "cell-1", startedAt: 1, outcome: "ok", facts: {} },
  trace({ phase: "detect", buildpack: "https://user:secret@example.org/no.git", started_ms: 0 }),
  observedLine("bash: warning"),
  trace({
    phase: "detect",
    buildpack: "https://user:secret@example.org/no.git",
    started_ms: 0,
    ended_ms: 7,
    outcome: "exit status 1",
    output: "no package.json",
    nearest: "package.json is in the folder web",
    version: "1.2.3",
  }),
  trace({ phase: "finalize", buildpack: "b", started_ms: 8 }),
  trace({
    phase: "finalize",
    buildpack: "b",
    started_ms: 8,
    ended_ms: 9,
    outcome: "exit status 127",
  }),
  {
    kind: "span",
    name: "process",
    subject: "/tmp/lifecycle/builder",
    startedAt: 1,
    outcome: "exit status 223",
    facts: { exitStatus: 223, outOfMemory: false },
  },
];

test("a failed build's error begins as the original's and ends with the script that failed, in log and audit event too", async () => {
  await using stage = await observedBuild();
  const { tell, developer, bbs, buildGuid, app, cc } = stage;
  await tell(failedStaging);

  await developer.completeStaging(bbs, buildGuid, {
    completion: { failed: true, failure_reason: "STG: Exited with status 223" },
  });

  const reason = "finalize of b ended with exit status 127 (a command was not found)";
  const { json: build } = await developer.caller.get(`/v3/builds/${buildGuid}`);
  assert.equal(
    build.error,
    `BuildpackCompileFailed - App staging failed in the buildpack compile phase: ${reason}`,
  );
  const line = `Failed to stage build: staging failed: ${reason}`;
  assert.ok(cc.logLines.some(({ payload }) => payload === line));
  const { json: log } = await developer.caller.get(`/rivera/v1/builds/${buildGuid}/log`);
  assert.equal(log.lines.at(-1).text, line);
  const query = `target_guids=${app}&types=audit.app.build.failed`;
  const { json: events } = await developer.caller.get(`/v3/audit_events?${query}`);
  assert.match(events.resources[0].data.error_message, /finalize of b ended/);
});

test("what each buildpack said when it was asked is kept with the build, without passwords", async () => {
  await using stage = await observedBuild();
  const { tell, developer, buildGuid, cc } = stage;
  await tell(failedStaging);
  const path = `/rivera/v1/builds/${buildGuid}/detection`;

  const { json } = await developer.caller.get(path);

  assert.deepEqual(json, {
    build: { guid: buildGuid, state: "STAGING" },
    buildpacks: [
      {
        buildpack: "https://***:***@example.org/no.git",
        version: "1.2.3",
        result: "declined",
        outcome: "exit status 1",
        output: "no package.json",
        errors: "bash: warning\n",
        nearest_miss: "package.json is in the folder web",
        duration_ms: 2,
      },
    ],
  });
  assert.equal((await (await cc.as({ userGuid: "stranger" })).get(path)).status, 404);
});

test("the timeline is OpenTelemetry's: one trace, the staging above its pieces, the failed one in error", async () => {
  await using stage = await observedBuild();
  const { tell, developer, buildGuid, bbs, cc } = stage;
  const path = `/rivera/v1/builds/${buildGuid}/timeline`;
  await tell(failedStaging.slice(0, 5));
  const goingOn = (await developer.caller.get(path)).json.resourceSpans[0].scopeSpans[0].spans;
  const running = { key: "rivera.running", value: { boolValue: true } };
  assert.deepEqual([goingOn.at(-1).name, goingOn.at(-1).status], ["finalize b", {}]);
  assert.ok(goingOn.at(-1).attributes.some((each: unknown) => isDeepStrictEqual(each, running)));
  await tell(failedStaging.slice(5));
  await developer.completeStaging(bbs, buildGuid, {
    completion: { failed: true, failure_reason: "STG: Exited with status 223" },
  });

  const { json } = await developer.caller.get(path);

  const [{ spans }] = json.resourceSpans[0].scopeSpans;
  const [root, ...pieces] = spans;
  assert.equal(root.traceId, buildGuid.replaceAll("-", ""));
  assert.match(root.spanId, /^[0-9a-f]{16}$/);
  assert.deepEqual([root.name, root.status.code], ["staging", 2]);
  const process = pieces.find(({ name }: { name: string }) => name.startsWith("process"));
  const finalize = pieces.find(({ name }: { name: string }) => name === "finalize b");
  assert.equal(process.parentSpanId, root.spanId);
  assert.equal(finalize.parentSpanId, process.spanId);
  assert.deepEqual(finalize.status, { code: 2, message: "exit status 127" });
  const detect = pieces.find(({ name }: { name: string }) => name.startsWith("detect"));
  assert.deepEqual(detect.status, { code: 1 });
  const declined = { key: "rivera.declined", value: { stringValue: "exit status 1" } };
  assert.ok(detect.attributes.some((each: unknown) => isDeepStrictEqual(each, declined)));
  assert.ok(BigInt(finalize.endTimeUnixNano) >= BigInt(finalize.startTimeUnixNano));
  assert.equal(new Set(spans.map(({ spanId }: { spanId: string }) => spanId)).size, spans.length);
  assert.equal((await (await cc.as({ userGuid: "stranger" })).get(path)).status, 404);
});
