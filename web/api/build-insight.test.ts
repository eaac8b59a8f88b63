import assert from "node:assert/strict";
import { test } from "node:test";
import { timelineOf } from "./build-insight.ts";

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });

test("OpenTelemetry's spans become pieces by their distance from the staging's begin", () => {
  const spans = [
    {
      name: "staging",
      spanId: "1",
      startTimeUnixNano: "1790000000000000000",
      endTimeUnixNano: "1790000004500000000",
      attributes: [],
      status: { code: 2, message: "BuildpackCompileFailed" },
    },
    {
      name: "download nodejs_buildpack",
      spanId: "2",
      parentSpanId: "1",
      startTimeUnixNano: "1790000000100000000",
      endTimeUnixNano: "1790000000350000000",
      attributes: [
        { key: "rivera.bytes", value: { intValue: "5000000000" } },
        { key: "rivera.cached", value: { boolValue: true } },
        { key: "rivera.was_ms", value: { intValue: "40" } },
        text("rivera.because", "it was not on this cell yet"),
      ],
      status: { code: 1 },
    },
    {
      name: "supply nodejs_buildpack",
      spanId: "3",
      parentSpanId: "2",
      startTimeUnixNano: "1790000001000000000",
      endTimeUnixNano: "1790000004000000000",
      attributes: [{ key: "rivera.critical", value: { boolValue: true } }],
      status: { code: 2, message: "exit status 1" },
    },
  ];

  const timeline = timelineOf({ resourceSpans: [{ scopeSpans: [{ spans }] }] });

  assert.equal(timeline.totalMs, 4_500);
  const [download, supply] = timeline.pieces;
  assert.deepEqual(download, {
    key: "2",
    name: "download nodejs_buildpack",
    startMs: 100,
    endMs: 350,
    isInner: false,
    failure: undefined,
    declined: undefined,
    isRunning: false,
    isCritical: false,
    bytes: 5_000_000_000,
    isCached: true,
    wasMs: 40,
    because: "it was not on this cell yet",
  });
  assert.equal(supply?.failure, "exit status 1");
  assert.equal(supply?.isCritical, true);
  assert.equal(supply?.isInner, true);
});

test("a build of which nothing is known has a timeline without pieces", () => {
  assert.deepEqual(timelineOf({ resourceSpans: [] }), { totalMs: 0, pieces: [] });
});
