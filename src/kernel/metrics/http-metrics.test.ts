import assert from "node:assert/strict";
import { test } from "node:test";
import { fastify } from "fastify";
import { meterRequests, serveMetrics } from "./http-metrics.ts";
import { meterLoops } from "./loop-metrics.ts";
import { readExposition } from "./read-exposition.ts";
import { createRegistry } from "./registry.ts";

test("requests are counted by route, and nonsense makes no series", async () => {
  const registry = createRegistry("api", { cell: "a" });
  await using app = { server: fastify(), [Symbol.asyncDispose]: () => app.server.close() };
  meterRequests(app.server, registry);
  serveMetrics(app.server, registry);
  app.server.get("/v3/apps/:guid", async () => "here");
  const before = readExposition(await registry.metrics());

  for (let number = 0; number < 50; number += 1) {
    await app.server.inject({ url: `/v3/apps/${number}` });
    await app.server.inject({ url: `/nonsense/${number}?x=${number}` });
    await app.server.inject({ method: "DELETE", url: `/v3/apps/${number}` });
  }
  const { body, headers } = await app.server.inject({ url: "/metrics" });
  const samples = readExposition(body);

  assert.match(String(headers["content-type"]), /^text\/plain; version=0\.0\.4/);
  const common = 'cell="a",code="%",component="api",method="%",route="%"';
  const series = (...values: string[]) => common.replaceAll("%", () => values.shift() ?? "");
  const total = (...values: string[]) =>
    samples.get(`rivera_http_requests_total{${series(...values)}}`);
  assert.equal(total("200", "GET", "/v3/apps/:guid"), 50);
  assert.equal(total("404", "any", "none"), 100);
  const added = [...samples.keys()].filter((key) => !before.has(key));
  assert.ok(added.length < 30, added.join("\n"));
  assert.equal(
    samples.get(
      'rivera_http_request_duration_seconds_count{cell="a",component="api",method="GET",route="/v3/apps/:guid"}',
    ),
    50,
  );
});

test("loops tell how often they ran, and whether the last time failed", async () => {
  const registry = createRegistry("bbs");
  const idle = {
    name: "idle",
    activations: 0,
    lastReason: undefined,
    lastStartedAt: undefined,
    lastDurationMs: undefined,
    lastResult: undefined,
    lastError: undefined,
    nextAt: undefined,
  };
  let broken = { ...idle, name: "broken", activations: 3, lastDurationMs: 250, lastError: "no" };
  meterLoops(registry, () => [idle, broken]);
  const read = async (metric: string, loop: string) =>
    readExposition(await registry.metrics()).get(`${metric}{component="bbs",loop="${loop}"}`);

  assert.equal(await read("rivera_loop_activations_total", "idle"), 0);
  assert.equal(await read("rivera_loop_last_duration_seconds", "idle"), undefined);
  assert.equal(await read("rivera_loop_last_duration_seconds", "broken"), 0.25);
  assert.equal(await read("rivera_loop_failing", "idle"), 0);
  assert.equal(await read("rivera_loop_failing", "broken"), 1);
  broken = { ...broken, activations: 4 };
  assert.equal(await read("rivera_loop_activations_total", "broken"), 4);
});
