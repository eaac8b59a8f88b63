import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Envelope } from "./envelope.ts";
import { EnvelopeStore, type ReadQuery } from "./envelope-store.ts";

const everything: ReadQuery = {
  startTime: -(2n ** 63n),
  endTime: 2n ** 63n - 1n,
  limit: 1_000,
  descending: false,
  types: [],
  nameFilter: undefined,
};

function line(sourceId: string, timestamp: bigint, payload = "x"): Envelope {
  return { kind: "LOG", type: "OUT", payload, timestamp, sourceId, instanceId: "0", tags: {} };
}

function gauge(sourceId: string, timestamp: bigint, instanceId: string, cpu: number): Envelope {
  return {
    kind: "GAUGE",
    timestamp,
    sourceId,
    instanceId,
    tags: {},
    metrics: { cpu: { unit: "percentage", value: cpu } },
  };
}

function storeOf(limits: Partial<ConstructorParameters<typeof EnvelopeStore>[0]> = {}) {
  return new EnvelopeStore({
    maxEnvelopesPerSource: 100,
    maxTotalBytes: 1_000_000,
    maxSources: 100,
    ...limits,
  });
}

const timestamps = (envelopes: readonly Envelope[]) => envelopes.map(({ timestamp }) => timestamp);

test("the start is included and the end is not", () => {
  const store = storeOf();
  store.put([10n, 20n, 30n].map((at) => line("app", at)));

  assert.deepEqual(timestamps(store.read("app", { ...everything, startTime: 10n, endTime: 30n })), [
    10n,
    20n,
  ]);
});

test("a limit takes the oldest ascending and the newest descending", () => {
  const store = storeOf();
  store.put([10n, 20n, 30n, 40n].map((at) => line("app", at)));

  assert.deepEqual(timestamps(store.read("app", { ...everything, limit: 2 })), [10n, 20n]);
  assert.deepEqual(timestamps(store.read("app", { ...everything, limit: 2, descending: true })), [
    40n,
    30n,
  ]);
});

test("a read of long lines ends at 4 MiB, and one goes on where it ended", () => {
  const store = storeOf({ maxTotalBytes: 100_000_000 });
  const long = "y".repeat(60_000);
  store.put([line("app", 1n, "z".repeat(5_000_000))]);
  store.put(Array.from({ length: 99 }, (_, i) => line("app", BigInt(i + 2), long)));

  const newest = store.read("app", { ...everything, descending: true });
  const read: bigint[] = [];
  for (let from = 0n; ;) {
    const batch = timestamps(store.read("app", { ...everything, startTime: from }));
    if (batch.length === 0) break;
    read.push(...batch);
    from = (batch.at(-1) ?? 0n) + 1n;
  }

  assert.ok(newest.length > 60 && newest.length < 70, String(newest.length));
  assert.equal(newest[0]?.timestamp, 100n);
  assert.deepEqual(
    read,
    Array.from({ length: 100 }, (_, i) => BigInt(i + 1)),
  );
});

test("types and metric names choose among what was read", () => {
  const store = storeOf();
  store.put([line("app", 1n), gauge("app", 2n, "0", 5), line("app", 3n)]);

  assert.deepEqual(timestamps(store.read("app", { ...everything, types: ["LOG"] })), [1n, 3n]);
  assert.deepEqual(timestamps(store.read("app", { ...everything, types: ["GAUGE"] })), [2n]);
  assert.deepEqual(timestamps(store.read("app", { ...everything, types: ["ANY"] })), [1n, 2n, 3n]);
  assert.deepEqual(timestamps(store.read("app", { ...everything, nameFilter: /^cpu$/ })), [2n]);
  assert.deepEqual(timestamps(store.read("app", { ...everything, nameFilter: /^memory$/ })), []);
});

test("a noisy app pushes out its own oldest lines, and neither its gauges nor other apps' lines", () => {
  const store = storeOf({ maxEnvelopesPerSource: 10_000, maxTotalBytes: 100_000 });
  store.put([line("quiet", 1n), gauge("noisy", 1n, "0", 7)]);

  store.put(Array.from({ length: 5_000 }, (_, i) => line("noisy", BigInt(i + 2), "y".repeat(100))));

  assert.deepEqual(timestamps(store.read("quiet", everything)), [1n]);
  assert.equal(store.latestGauges("noisy")[0]?.metrics["cpu"]?.value, 7);
  assert.ok(store.totalBytes <= 100_000);
  assert.equal(store.newestTimestamp("noisy"), 5_001n);
  assert.ok((store.meta("noisy")?.expired ?? 0) > 4_000);
});

test("the source longest silent gives way to a new one", () => {
  const store = storeOf({ maxSources: 2 });
  store.put([line("a", 1n), line("b", 2n), line("a", 3n), line("c", 4n)]);

  assert.deepEqual(store.sourceIds(), ["a", "c"]);
});

test("the newest gauge of each instance is told", () => {
  const store = storeOf();
  store.put([
    gauge("app", 1n, "0", 1),
    gauge("app", 3n, "0", 3),
    gauge("app", 2n, "0", 2),
    gauge("app", 2n, "1", 9),
  ]);

  const cpu = store
    .latestGauges("app")
    .map((g) => `${g.instanceId}: ${g.metrics["cpu"]?.value}`)
    .sort();
  assert.deepEqual(cpu, ["0: 3", "1: 9"]);
});

test("instances of two processes with the same index are told apart", () => {
  const store = storeOf();
  store.put([
    { ...gauge("app", 1n, "0", 1), tags: { process_id: "web" } },
    { ...gauge("app", 2n, "0", 2), tags: { process_id: "worker" } },
  ]);

  const cpu = store.latestGauges("app").map((g) => [g.tags["process_id"], g.metrics["cpu"]?.value]);
  assert.deepEqual(cpu, [
    ["web", 1],
    ["worker", 2],
  ]);
});

test("the bounds hold whatever is put in, and the newest of a source is always kept", () => {
  const envelope = fc.record({
    source: fc.constantFrom("a", "b", "c", "d"),
    at: fc.bigInt({ min: 0n, max: 1_000n }),
    length: fc.integer({ min: 0, max: 2_000 }),
  });
  fc.assert(
    fc.property(fc.array(envelope, { minLength: 1, maxLength: 300 }), (envelopes) => {
      const store = storeOf({ maxEnvelopesPerSource: 20, maxTotalBytes: 20_000, maxSources: 3 });
      for (const { source, at, length } of envelopes) {
        store.put([line(source, at, "z".repeat(length))]);
        assert.ok(store.totalBytes <= 20_000);
      }
      const kept = store.sourceIds().map((id) => store.read(id, everything));
      assert.ok(kept.length <= 3);
      assert.ok(kept.every((lines) => lines.length <= 20));
      const weight = kept.flat().reduce((sum, e) => sum + 160 + payloadOf(e).length, 0);
      assert.equal(weight, store.totalBytes);
    }),
  );
});

function payloadOf(envelope: Envelope): string {
  return envelope.kind === "LOG" ? envelope.payload : "";
}
