import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { bbsTestBed, type BbsTestBed } from "#diego/bbs/bbs-test-bed.ts";
import { desiredLrpRequest, netInfo } from "#diego/models/model-builders.ts";

// `npm run bench:bbs`: what the bulletin board takes in of 5,000 instances, over its HTTP API, 20 reports at once as from
// 20 cells, beside the limit: the same row written by the bare database in durable transactions of the same size.

const processes = 500;
const instancesEach = 10;
const total = processes * instancesEach;
const atOnce = 20;

const directory = mkdtempSync(path.join(tmpdir(), "rivera-bench-bbs-"));
try {
  print(`load ${(loadavg()[0] ?? 0).toFixed(2)} at the start, files on ${tmpdir()}`);
  const limit = bareTransactions(path.join(directory, "bare.sqlite"));
  print(`bare transactions (2 look-ups, 1 update)  ${perSecond(limit)}`);
  await using bed = await bbsTestBed({ database: { path: path.join(directory, "bbs.sqlite") } });
  for (const [what, rate] of await measure(bed)) {
    print(`${what.padEnd(41)} ${perSecond(rate)}  ${(rate / limit).toFixed(2)} of the limit`);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

async function measure({ client }: BbsTestBed): Promise<[string, number][]> {
  const guids = Array.from({ length: processes }, (_, index) => `process-${index}`);
  const keys = guids.flatMap((processGuid) =>
    Array.from({ length: instancesEach }, (_, index) => ({
      processGuid,
      index,
      domain: "cf-apps",
    })),
  );
  const instanceKeyOf = (key: { readonly processGuid: string; readonly index: number }) => ({
    instanceGuid: `instance-${key.processGuid}-${key.index}`,
    cellId: `cell-${key.index}`,
  });
  return [
    [
      "LRPs desired, 10 instances each",
      await rateOf(guids, (processGuid) =>
        client.desireLrp(desiredLrpRequest({ processGuid, instances: instancesEach })),
      ),
    ],
    ["claims", await rateOf(keys, (key) => client.claimActualLrp(key, instanceKeyOf(key)))],
    [
      "starts",
      await rateOf(keys, (key) =>
        client.startActualLrp({
          key,
          instanceKey: instanceKeyOf(key),
          netInfo: netInfo(),
          metricTags: { instance_id: String(key.index) },
          routable: true,
        }),
      ),
    ],
    [
      "reads of a process's instances",
      await rateOf(guids, (processGuid) => client.actualLrps({ processGuid })),
    ],
  ];
}

/** Calls a second, `atOnce` of them under way. */
async function rateOf<Item>(
  items: readonly Item[],
  call: (item: Item) => Promise<unknown>,
): Promise<number> {
  const waiting = [...items];
  const started = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) await call(item);
    }),
  );
  return (items.length / (performance.now() - started)) * 1_000;
}

/** Transactions a second. */
function bareTransactions(file: string): number {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  database.exec(
    "CREATE TABLE lrps (guid TEXT, idx INTEGER, presence TEXT, state TEXT, a TEXT, b TEXT, c TEXT, PRIMARY KEY (guid, idx, presence))",
  );
  const filling = "some forty bytes of text, as guids and JSON";
  const insert = database.prepare(
    "INSERT INTO lrps VALUES (?, ?, 'ORDINARY', 'UNCLAIMED', ?, ?, ?)",
  );
  database.exec("BEGIN");
  for (let i = 0; i < total; i += 1) {
    insert.run(`process-${i % processes}`, Math.floor(i / processes), filling, filling, filling);
  }
  database.exec("COMMIT");
  const select = database.prepare("SELECT * FROM lrps WHERE guid = ? AND idx = ? AND presence = ?");
  const update = database.prepare(
    "UPDATE lrps SET state = 'CLAIMED', a = ? WHERE guid = ? AND idx = ? AND presence = 'ORDINARY'",
  );
  const started = performance.now();
  for (let i = 0; i < total; i += 1) {
    const [guid, index] = [`process-${i % processes}`, Math.floor(i / processes)];
    database.exec("BEGIN");
    select.get(guid, index, "SUSPECT");
    select.get(guid, index, "ORDINARY");
    update.run(`${filling} ${i}`, guid, index);
    database.exec("COMMIT");
  }
  const rate = (total / (performance.now() - started)) * 1_000;
  database.close();
  return rate;
}

function perSecond(rate: number): string {
  return `${rate.toFixed(0).padStart(7)} /s`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
