import { monitorEventLoopDelay } from "node:perf_hooks";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { migrations } from "#cloud-controller/database/migrations/all.ts";
import type { Schema } from "#cloud-controller/database/schema.ts";
import { Developer } from "#cloud-controller/testing/developer.ts";
import { TestCloudController } from "#cloud-controller/testing/test-cloud-controller.ts";
import { defaultStagingLimits } from "#cloud-controller/staging/staging-config.ts";
import type { DatabaseConfig } from "#db/database-config.ts";
import { openDatabase } from "#db/open-database.ts";
import { connected } from "./lists/bare-queries.ts";
import { fillResourceCache } from "./matching/fill-resource-cache.ts";

// The measured process: one Cloud Controller with a million files in its resource cache. Who measures is another process,
// so that its work does not count.

const options = z
  .strictObject({
    directory: z.string(),
    databaseUrl: z.string().optional(),
    files: z.int(),
  })
  .parse(JSON.parse(process.argv[2] ?? "{}"));

const schema = `rivera_bench_matching_${process.pid}`;
const database: DatabaseConfig =
  options.databaseUrl === undefined
    ? { path: path.join(options.directory, "cloud-controller.db") }
    : { url: options.databaseUrl, schema };

const filling = await openDatabase<Schema>(database, migrations);
await fillResourceCache(filling, { config: database, files: options.files });
await filling.destroy();
const cc = await TestCloudController.start({
  directory: options.directory,
  config: { database, warmUpAfterMs: 0 },
  // As `rivera up` has it, but for the packages that stay: none goes while it is measured.
  staging: { limits: { ...defaultStagingLimits, packagesKept: 1_000 } },
});
const developer = await Developer.admin(cc);
const apps: string[] = [];
for (let index = 0; index < 10; index += 1) apps.push(await developer.createApp(`app-${index}`));

// As somebody's first push, that comes later than 3 s after the start.
while (!cc.logger.lines.some(({ event }) => /^matching-(?:not-)?warmed-up$/.test(event)))
  await sleep(20);

const delay = monitorEventLoopDelay({ resolution: 2 });
let cpu = process.cpuUsage();
let peakBytes = 0;
let baseBytes = 0;
const watch = setInterval(() => (peakBytes = Math.max(peakBytes, process.memoryUsage.rss())), 20);

process.on("message", (message) => {
  if (message === "begin") {
    cpu = process.cpuUsage();
    baseBytes = process.memoryUsage.rss();
    peakBytes = baseBytes;
    delay.reset();
    delay.enable();
    process.send?.("begun");
    return;
  }
  const { user, system } = process.cpuUsage(cpu);
  delay.disable();
  process.send?.({
    cpuMs: (user + system) / 1_000,
    grownBytes: peakBytes - baseBytes,
    delayP99Ms: delay.percentile(99) / 1e6,
    delayMaxMs: delay.max / 1e6,
  });
});
process.send?.({
  url: cc.url,
  token: await cc.token({
    userGuid: "admin-guid",
    scopes: ["cloud_controller.admin"],
    expiresInSeconds: 3_600,
  }),
  apps,
});
await new Promise<void>((resolve) => process.once("disconnect", () => resolve()));
clearInterval(watch);
await cc[Symbol.asyncDispose]();
if (options.databaseUrl !== undefined) {
  const client = await connected(options.databaseUrl);
  await client.query(`drop schema ${client.escapeIdentifier(schema)} cascade`);
  await client.end();
}
