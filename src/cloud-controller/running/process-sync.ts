import type { BbsClient } from "#diego/bbs/client.ts";
import { BbsError } from "#diego/models/bbs-error.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { findProcess } from "../processes/find-process.ts";
import {
  lrpGuid,
  lrpAnnotation,
  processDomain,
  processGuidOf,
  routesOf,
  type ProcessFacts,
} from "./desired-lrp.ts";
import type { DiegoRunner } from "./diego-runner.ts";
import { isToRun, processFacts, startedProcesses, type FactSource } from "./process-facts.ts";
import { planProcessSync, type WantedLrp } from "./process-sync-plan.ts";

/** Seconds that the BBS may take our set of LRPs as complete: four rounds. */
const freshnessSeconds = 120;
const pageSize = 500;
const atOnce = 8;

export interface ProcessSyncContext {
  readonly source: FactSource;
  readonly bbs: Pick<BbsClient, "desiredLrpSchedulingInfos" | "removeDesiredLrp" | "upsertDomain">;
  readonly runner: DiegoRunner;
  readonly logger: Logger;
}

export interface ProcessSyncResult {
  readonly desired: number;
  readonly updated: number;
  readonly removed: number;
  readonly failed: number;
}

/**
 * One round of making Diego's LRPs what is stored. Only a round in which nothing unexpected failed declares the domain
 * fresh: Diego deletes instances that nobody desires only then.
 */
export async function syncProcesses(
  context: ProcessSyncContext,
  signal: AbortSignal,
): Promise<ProcessSyncResult> {
  const { bbs } = context;
  const present = await bbs.desiredLrpSchedulingInfos({ domain: processDomain });
  const wanted = await wantedLrps(context.source);
  const plan = planProcessSync({
    wanted: [...wanted.values()].map(({ lrp }) => lrp),
    present: present.map((info) => ({
      lrpGuid: info.processGuid,
      annotation: info.annotation,
      instances: info.instances,
      routes: info.routes,
    })),
  });
  const changes = [...plan.toDesire, ...plan.toUpdate].map(
    (guid) => () => desire(context, wanted.get(guid)?.processGuid ?? ""),
  );
  const removals = plan.toRemove.map((guid) => () => remove(context, guid));
  const failed = await actOnAll([...changes, ...removals], context.logger, signal);
  signal.throwIfAborted();
  if (failed === 0) await bbs.upsertDomain(processDomain, freshnessSeconds);
  return {
    desired: plan.toDesire.length,
    updated: plan.toUpdate.length,
    removed: plan.toRemove.length,
    failed,
  };
}

async function wantedLrps(
  source: FactSource,
): Promise<ReadonlyMap<string, { readonly processGuid: string; readonly lrp: WantedLrp }>> {
  const wanted = new Map<string, { readonly processGuid: string; readonly lrp: WantedLrp }>();
  let afterId = 0;
  for (;;) {
    const processes = await startedProcesses(source.db, { afterId, limit: pageSize });
    for (const facts of await processFacts(source, processes)) {
      const lrp = wantedLrp(facts);
      wanted.set(lrp.lrpGuid, { processGuid: facts.process.guid, lrp });
    }
    const last = processes.at(-1);
    if (last === undefined || processes.length < pageSize) return wanted;
    afterId = last.id;
  }
}

function wantedLrp({ process, routes }: ProcessFacts): WantedLrp {
  return {
    lrpGuid: lrpGuid(process),
    annotation: lrpAnnotation(process),
    instances: process.instances,
    routes: routesOf(routes),
  };
}

/** Reads the process again: since the plan it may have been stopped or restarted. */
async function desire({ source, runner }: ProcessSyncContext, processGuid: string): Promise<void> {
  const process = await findProcess(source.db, processGuid);
  if (process === undefined || !isToRun(process)) return;
  const [facts] = await processFacts(source, [process]);
  if (facts !== undefined) await runner.desireOrUpdate(facts);
}

async function remove({ source, bbs }: ProcessSyncContext, guid: string): Promise<void> {
  const process = await findProcess(source.db, processGuidOf(guid));
  if (process !== undefined && lrpGuid(process) === guid && isToRun(process)) return;
  await bbs.removeDesiredLrp(guid);
}

/** How many failed unexpectedly. What the BBS knows better (exists, gone, invalid) is no reason to stay stale. */
async function actOnAll(
  actions: readonly (() => Promise<void>)[],
  logger: Logger,
  signal: AbortSignal,
): Promise<number> {
  const tolerated = new Set([
    "ResourceExists",
    "ResourceNotFound",
    "InvalidRequest",
    "InvalidRecord",
  ]);
  let failed = 0;
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let action = actions[next++]; action !== undefined; action = actions[next++]) {
      if (signal.aborted) return;
      try {
        await action();
      } catch (error) {
        logger.warn("process-sync-failed", { error });
        if (!(error instanceof BbsError && tolerated.has(error.type))) failed += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return failed;
}
