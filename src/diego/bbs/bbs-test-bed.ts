import { testDatabase } from "#db/testing/test-database.ts";
import type { LrpStartRequest, TaskStartRequest } from "#diego/auctioneer/client.ts";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { asInternalSecret } from "#kernel/http/internal-auth.ts";
import { currentRequestId } from "#kernel/http/request-id.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import type { RepClientFactory } from "#diego/cell/rep/client.ts";
import { cellPresence } from "#diego/models/model-builders.ts";
import type { BbsErrorType } from "#diego/models/bbs-error.ts";
import { BbsError } from "#diego/models/bbs-error.ts";
import { bbsMigrations } from "./migrations/all.ts";
import { createBbsClient, type BbsClient } from "./client.ts";
import { startBbs, type BbsConfig } from "./start-bbs.ts";

export const secret = asInternalSecret("a-secret");

export interface BbsTestBed extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly logger: RecordingLogger;
  readonly client: BbsClient;
  readonly url: string;
  /** What the auctioneer was asked for. */
  readonly lrpAuctions: LrpStartRequest[];
  readonly taskAuctions: TaskStartRequest[];
  /** For which requests it was asked. */
  readonly auctionsFor: (string | undefined)[];
  /** `stop INSTANCE GUID at REP URL`, `cancel TASK GUID at REP URL`. */
  readonly repCalls: string[];
  converge(): Promise<void>;
  /** Cells `cell-NAME` with a heartbeat from now on. */
  heartbeat(...names: readonly string[]): Promise<void>;
}

/** A real BBS over real HTTP and a real database, with a clock that stands still and recorded neighbours. */
export async function bbsTestBed(
  overrides: Partial<BbsConfig> & { readonly clock?: FakeClock } = {},
): Promise<BbsTestBed> {
  const { clock = new FakeClock(), ...config } = overrides;
  const logger = new RecordingLogger();
  const lrpAuctions: LrpStartRequest[] = [];
  const taskAuctions: TaskStartRequest[] = [];
  const auctionsFor: (string | undefined)[] = [];
  const repCalls: string[] = [];
  const bbs = await startBbs(
    { database: await testDatabase(bbsMigrations), port: 0, secret, ...config },
    {
      clock,
      logger,
      auctioneer: {
        requestLrpAuctions: async (requests) => {
          lrpAuctions.push(...requests);
          auctionsFor.push(currentRequestId());
        },
        requestTaskAuctions: async (requests) => void taskAuctions.push(...requests),
      },
      repClient: recordingReps(repCalls),
    },
  );
  const client = createBbsClient({ url: bbs.url, secret, clock });
  return {
    clock,
    logger,
    client,
    url: bbs.url,
    lrpAuctions,
    taskAuctions,
    auctionsFor,
    repCalls,
    converge: () => bbs.converge(),
    async heartbeat(...names) {
      for (const name of names) await client.cellPresence(cellPresence(`cell-${name}`), 15);
    },
    [Symbol.asyncDispose]: () => bbs[Symbol.asyncDispose](),
  };
}

function recordingReps(calls: string[]): RepClientFactory {
  return (repUrl) => ({
    stopLrpInstance: async (_processGuid, instanceGuid) =>
      void calls.push(`stop ${instanceGuid} at ${repUrl}`),
    updateLrpInstance: async (_processGuid, instanceGuid, tags) =>
      void calls.push(`update ${instanceGuid} at ${repUrl}: ${JSON.stringify(tags)}`),
    cancelTask: async (taskGuid) => void calls.push(`cancel ${taskGuid} at ${repUrl}`),
    state: () => Promise.reject(new Error("nobody asks for the state here")),
    work: () => Promise.reject(new Error("nobody hands out work here")),
  });
}

/** For `assert.rejects`. */
export function refusedAs(type: BbsErrorType): (error: unknown) => boolean {
  return (error) => error instanceof BbsError && error.type === type;
}

/** Polls until a condition on the current state holds; gives up after about a minute: machines may be busy. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 12_000; turn += 1) {
    if (await holds()) return;
    await systemClock.sleep(5);
  }
  throw new Error(`Not so in time: ${holds.toString()}`);
}
