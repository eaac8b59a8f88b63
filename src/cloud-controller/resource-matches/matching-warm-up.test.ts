import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { testDatabase } from "#db/testing/test-database.ts";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { asInternalSecret, internalHeaders } from "#kernel/http/internal-auth.ts";
import { migrations } from "../database/migrations/all.ts";
import { eventually } from "../testing/eventually.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";
import { warmUpMatching } from "./matching-warm-up.ts";

test("a platform that is to be warmed up asks both questions of a match, and neither writes nor counts anything", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "warm-up-"));
  try {
    const asked: string[] = [];
    const database = {
      ...(await testDatabase(migrations, path.join(directory, "cloud-controller.db"))),
      onQuery: (sql: string) => {
        if (/\bresources\b/.test(sql)) asked.push(sql);
      },
    };
    await using cc = await TestCloudController.start({
      directory,
      config: { database, warmUpAfterMs: 0 },
    });

    await eventually(async () =>
      cc.logger.lines.some(({ event }) => event === "matching-warmed-up") ? true : undefined,
    );

    const of = (what: RegExp) => asked.filter((sql) => what.test(sql)).length;
    assert.ok(of(/^select "sha1", "sha256", "size" from "resources"/) > 0, asked.join("\n"));
    assert.ok(of(/inner join "resource_files"/) > 0, asked.join("\n"));
    assert.equal(of(/^(?:insert|update|delete)/), 0);
    const headers = internalHeaders(asInternalSecret(cc.secret));
    const metrics = await (await fetch(`${cc.internalUrl}/metrics`, { headers })).text();
    assert.match(metrics, /rivera_resource_cache_files_total/);
    assert.doesNotMatch(metrics, /^rivera_resource_cache_files_total\{.*\} [1-9]/m);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

const cache = { match: async () => new Map(), matchToUse: async () => new Map() };

test("a warm-up pauses after each piece, and ends with its process", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  let matches = 0;
  const counting = { ...cache, match: async () => (matches++, new Map()) };

  const warmed = warmUpMatching({ cache: counting, clock }, stop.signal);
  await clock.sleeping(1);
  assert.equal(matches, 1);
  await clock.advance(25);
  assert.equal(matches, 2);
  stop.abort(new Error("stopped"));

  await assert.rejects(warmed, /stopped/);
  assert.equal(matches, 2);
});

test("where one piece takes long, the disk or others need the machine: no more is done", async () => {
  const clock = new FakeClock();
  const slow = {
    ...cache,
    match: async () => {
      await clock.sleep(251);
      return new Map();
    },
  };

  const warmed = warmUpMatching({ cache: slow, clock }, new AbortController().signal);
  await clock.advance(251);

  assert.equal(await warmed, 1);
});
