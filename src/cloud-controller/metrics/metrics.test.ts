import assert from "node:assert/strict";
import { test } from "node:test";
import type { Observed } from "#diego/models/observation.ts";
import { asInternalSecret, internalHeaders } from "#kernel/http/internal-auth.ts";
import { readExposition } from "#kernel/metrics/read-exposition.ts";
import { observedBuild } from "../testing/observed-build.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

const trace = (phase: string): Observed => ({
  kind: "trace",
  text: JSON.stringify({ phase, started_ms: 0, ended_ms: 700, outcome: "ok" }),
});

test("a staging is counted once by its result, its phases by names that are known", async () => {
  await using stage = await observedBuild();
  const { developer, bbs, buildGuid, cc, tell } = stage;
  const read = async (key: string) => {
    const headers = internalHeaders(asInternalSecret(cc.secret));
    const response = await fetch(`${cc.internalUrl}/metrics`, { headers });
    const samples = readExposition(await response.text());
    return samples.get(`${key.replace("{", '{component="cloud-controller"')}}`);
  };
  assert.equal(await read("rivera_stagings_running{"), 1);

  await tell([
    trace("supply"),
    ...Array.from({ length: 20 }, (_, at) => trace(`evil-${"x".repeat(at)}`)),
  ]);
  await developer.completeStaging(bbs, buildGuid, {
    completion: { failed: true, failure_reason: "STG: Exited with status 223" },
  });

  assert.equal(await read("rivera_stagings_running{"), 0);
  const total = 'rivera_stagings_total{,reason="BuildpackCompileFailed",result="failed"';
  assert.equal(await read(total), 1);
  assert.equal(await read('rivera_staging_duration_seconds_count{,result="failed"'), 1);
  const phase = (name: string) =>
    read(`rivera_staging_phase_duration_seconds_count{,phase="${name}"`);
  assert.equal(await phase("supply"), 1);
  assert.equal(await phase("other"), 20);
});

test("the metrics of the whole platform are for those who see all of it", async () => {
  await using cc = await TestCloudController.start();
  const path = "/rivera/v1/metrics";
  const anonymous = await fetch(`${cc.url}${path}`);
  assert.equal(anonymous.status, 401);
  // Prometheus has a client's token, which no user stands behind; the permission table has the users.
  for (const [scope, status] of [
    ["cloud_controller.global_auditor", 200],
    ["cloud_controller.read", 403],
  ] as const) {
    const client = await cc.token({ userGuid: "", userName: "", scopes: [scope] });
    const headers = { authorization: `bearer ${client}` };
    const response = await fetch(`${cc.url}${path}`, { headers });
    assert.equal(response.status, status, scope);
  }
});
