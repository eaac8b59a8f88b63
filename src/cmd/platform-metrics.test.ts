import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { readExposition } from "#kernel/metrics/read-exposition.ts";
import { mergeExpositions, platformMetrics } from "./platform-metrics.ts";

const cell = (name: string, containers: number) =>
  [
    "# HELP rivera_cell_containers Containers",
    "# TYPE rivera_cell_containers gauge",
    `rivera_cell_containers{cell="${name}"} ${containers}`,
    "",
    `# HELP rivera_of_${name} Its own`,
    `# TYPE rivera_of_${name} counter`,
    `rivera_of_${name} 1`,
    "",
  ].join("\n");

test("components' metrics of one name come together, below one help", () => {
  assert.equal(
    mergeExpositions([cell("a", 1), "", cell("b", 2)]),
    [
      "# HELP rivera_cell_containers Containers",
      "# TYPE rivera_cell_containers gauge",
      'rivera_cell_containers{cell="a"} 1',
      'rivera_cell_containers{cell="b"} 2',
      "# HELP rivera_of_a Its own",
      "# TYPE rivera_of_a counter",
      "rivera_of_a 1",
      "# HELP rivera_of_b Its own",
      "# TYPE rivera_of_b counter",
      "rivera_of_b 1",
      "",
    ].join("\n"),
  );
});

test("a component that does not answer is told of, logged once, and costs the others nothing", async () => {
  const logger = new RecordingLogger();
  const bbs = [
    async () => Promise.reject(new Error("away")),
    async () => Promise.reject(new Error("still away")),
    async () => "",
    async () => Promise.reject(new Error("away again")),
  ];
  const read = platformMetrics(
    () => [
      { name: "cell", read: async () => cell("a", 1) },
      { name: "bbs", read: bbs.shift() ?? (async () => "") },
    ],
    logger,
  );

  const samples = readExposition(await read());
  for (let scrape = 0; scrape < 3; scrape += 1) await read();

  assert.equal(samples.get('rivera_component_up{component="platform",name="cell"}'), 1);
  assert.equal(samples.get('rivera_component_up{component="platform",name="bbs"}'), 0);
  assert.equal(samples.get('rivera_cell_containers{cell="a"}'), 1);
  assert.deepEqual(
    logger.lines.map(({ event, data }) => [event, data["name"], String(data["error"])]),
    [
      ["metrics-not-answered", "bbs", "Error: away"],
      ["metrics-not-answered", "bbs", "Error: away again"],
    ],
  );
  assert.ok((samples.get('process_resident_memory_bytes{component="platform"}') ?? 0) > 0);
});
