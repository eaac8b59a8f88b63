import diagnostics from "node:diagnostics_channel";
import { IncomingMessage } from "node:http";
import path from "node:path";
import { PerformanceObserver } from "node:perf_hooks";
import { z } from "zod";
import { migrations } from "#cloud-controller/database/migrations/all.ts";
import type { Schema } from "#cloud-controller/database/schema.ts";
import { TestCloudController } from "#cloud-controller/testing/test-cloud-controller.ts";
import type { DatabaseConfig } from "#db/database-config.ts";
import { openDatabase } from "#db/open-database.ts";
import {
  defaultStagingLimits,
  type StagingConfig,
} from "#cloud-controller/staging/staging-config.ts";
import { bbsMigrations } from "#diego/bbs/migrations/all.ts";
import type { BbsSchema } from "#diego/bbs/store/bbs-schema.ts";
import { bbsTestBed } from "#diego/bbs/bbs-test-bed.ts";
import { sql, type Kysely } from "kysely";
import { bareMs, connected, type Query } from "./lists/bare-queries.ts";
import { fillBbs, fillTables } from "./lists/fill.ts";

// The measured process, as `rivera up` has it: Cloud Controller and the BBS, real HTTP on loopback between them. Who
// measures is another process, so that its work does not count.

const options = z
  .strictObject({ directory: z.string(), databaseUrl: z.string().optional() })
  .parse(JSON.parse(process.argv[2] ?? "{}"));

const queries: (Query & { readonly of: "cc" | "bbs" })[] = [];
const requests: string[] = [];
let isWatching = false;

const databases = { cc: database("cc"), bbs: database("bbs") };
const bbs = await bbsTestBed({ database: databases.bbs });
const cc = await TestCloudController.start({
  bbs: bbs.client,
  config: { database: databases.cc, longPollMs: 0, staging: quietStaging() },
});
const db = await openDatabase<Schema>(databases.cc, migrations);
const filled = await fillTables(db);
await vacuum(db);
await db.destroy();
const bbsDb = await openDatabase<BbsSchema>(databases.bbs, bbsMigrations);
await fillBbs(bbs.client, bbsDb, filled.lrpGuids);
await vacuum(bbsDb);
await bbsDb.destroy();
diagnostics.subscribe("http.server.request.start", (message) => {
  if (!isWatching) return;
  const url = requestedUrl(message);
  if (/^\/(v3\b|$)/.test(url)) requests.push(url);
});

// Lines in memory are a test's: a platform writes them to its log, and its heap does not grow by them.
setInterval(() => (cc.logger.lines.length = 0), 50).unref();
const collections: number[] = [];
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) collections.push(duration);
}).observe({ entryTypes: ["gc"] });
process.on("message", (message) => void answer(message));
const claims = { userName: "developer", expiresInSeconds: 3_600 };
send({
  url: cc.url,
  tokens: {
    admin: await cc.token({ ...claims, userGuid: "admin", scopes: ["cloud_controller.admin"] }),
    developer: await cc.token({ ...claims, userGuid: filled.developerGuid }),
  },
  spaceGuids: filled.spaceGuids,
  largeSpaceGuid: filled.largeSpaceGuid,
});
await new Promise<void>((resolve) => process.once("disconnect", () => resolve()));
await Promise.all([cc[Symbol.asyncDispose](), bbs[Symbol.asyncDispose]()]);
await dropSchemas();

/**
 * `watch` begins to write down; `requests` and `bareMs` tell what was written down since, and end it; `spent` the
 * processor time so far, and the longest collection of garbage since it was last asked.
 */
async function answer(message: unknown): Promise<void> {
  if (message === "watch") {
    isWatching = true;
    queries.length = 0;
    requests.length = 0;
    send("watching");
    return;
  }
  isWatching = false;
  if (message === "spent") {
    const { user, system } = process.cpuUsage();
    send({ cpuMs: (user + system) / 1_000, collectionMs: Math.max(0, ...collections.splice(0)) });
  }
  if (message === "requests") send(requests);
  if (message !== "bareMs") return;
  const part = async (of: "cc" | "bbs") =>
    await bareMs(
      databases[of],
      queries.filter((query) => query.of === of),
    );
  send((await part("cc")) + (await part("bbs")));
}

function database(of: "cc" | "bbs"): DatabaseConfig {
  const onQuery = (text: string, parameters: readonly unknown[]) => {
    if (isWatching && text.startsWith("select")) queries.push({ of, sql: text, parameters });
  };
  const { databaseUrl: url, directory } = options;
  return url === undefined
    ? { path: path.join(directory, `${of}.sqlite`), onQuery }
    : { url, schema: `rivera_bench_${of}_${process.pid}`, onQuery };
}

/**
 * What PostgreSQL does by itself within a minute of such a load. Left to it, it came in the middle of a window and took
 * a processor for most of a second: half of those of two.
 */
async function vacuum<Schema>(filled: Kysely<Schema>): Promise<void> {
  if (options.databaseUrl !== undefined) await sql`vacuum (analyze)`.execute(filled);
}

async function dropSchemas(): Promise<void> {
  for (const config of Object.values(databases)) {
    if ("path" in config) continue;
    const client = await connected(config.url);
    await client.query(`drop schema ${client.escapeIdentifier(config.schema)} cascade`);
    await client.end();
  }
}

/** The rows are not what a push has asked Diego for: no round of syncing comes in between to mend that. */
function quietStaging(): StagingConfig {
  return {
    workDirectory: path.join(options.directory, "work"),
    lifecycleBundle: { path: path.join(options.directory, "lifecycle.tgz"), key: "none" },
    shippedBuildpacksDirectory: undefined,
    signingSecret: "of the benchmark",
    stagingEnvironment: {},
    lang: "C.UTF-8",
    limits: defaultStagingLimits,
    syncIntervalMs: 24 * 60 * 60_000,
  };
}

function requestedUrl(message: unknown): string {
  const parsed = z.object({ request: z.instanceof(IncomingMessage) }).safeParse(message);
  return parsed.data?.request.url ?? "";
}

function send(message: unknown): void {
  process.send?.(message);
}
