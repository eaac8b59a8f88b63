import type { BbsClient } from "#diego/bbs/client.ts";
import type { ActualLrpKey } from "#diego/models/actual-lrp.ts";
import type { LrpEvent } from "#diego/models/event.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { AppLog } from "../apps/app-log.ts";
import { findApp } from "../apps/find-app.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import type { Database } from "../database/schema.ts";
import type { Changes } from "../http/long-poll.ts";
import { findProcess } from "../processes/find-process.ts";
import { processDomain, processGuidOf } from "./desired-lrp.ts";
import { recordReadiness } from "./readiness-event.ts";

/** Pause before subscribing again, as the original's watcher makes. */
const retryMs = 1_000;
const maximumDescription = 10_000;

/** Woken whenever an instance of the process has changed; the long poll of its stats waits for it. */
export function instancesKey(processGuid: string): string {
  return `process:${processGuid}`;
}

export interface LrpEventsOptions {
  readonly db: Database;
  readonly bbs: Pick<BbsClient, "subscribeToLrpEvents">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly changes: Changes;
  readonly appLog: AppLog;
  /** Told of each change of an instance, by process guid. */
  readonly instanceChanged: (processGuid: string) => void;
}

/**
 * Watches the BBS: a crash becomes the two audit events and a line on the app's log, a change of readiness one of each;
 * any change wakes who waits for the process's instances. There is no replay: events while the BBS is away are lost, as
 * in the original.
 */
export class LrpEvents implements AsyncDisposable {
  readonly #options: LrpEventsOptions;
  readonly #stop = new AbortController();
  #watching: Promise<void> | undefined;

  constructor(options: LrpEventsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#watching ??= this.#watch();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    const { bbs, clock, logger } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        for await (const event of await bbs.subscribeToLrpEvents(signal)) {
          await this.#handle(event);
        }
      } catch (error) {
        if (signal.aborted) return;
        logger.warn("lrp-events-lost", { error });
      }
      await clock.sleep(retryMs, signal).catch(() => undefined);
    }
  }

  async #handle(event: LrpEvent): Promise<void> {
    const { logger, changes, instanceChanged } = this.#options;
    const key = keyOf(event);
    if (key === undefined || key.domain !== processDomain) return;
    const processGuid = processGuidOf(key.processGuid);
    changes.notify(instancesKey(processGuid));
    instanceChanged(processGuid);
    try {
      if (event.kind === "actual_lrp_crashed") await this.#recordCrash(event);
      if (event.kind === "actual_lrp_instance_changed") await recordReadiness(this.#options, event);
    } catch (error) {
      logger.error("event-not-recorded", { lrp: key.processGuid, index: key.index, error });
    }
  }

  async #recordCrash(
    event: Extract<LrpEvent, { readonly kind: "actual_lrp_crashed" }>,
  ): Promise<void> {
    const { db, clock, appLog } = this.#options;
    const process = await findProcess(db, processGuidOf(event.key.processGuid));
    const app = process === undefined ? undefined : await findApp(db, process.appGuid);
    if (process === undefined || app === undefined) return;
    const crash = crashOf(event);
    await db.transaction().execute(async (tx) => {
      await recordAuditEvent(tx, clock, {
        type: "audit.app.process.crash",
        actor: { guid: process.guid, type: "process", name: process.type },
        target: { guid: app.guid, type: "app", name: app.name },
        spaceGuid: app.spaceGuid,
        data: {
          ...crash,
          reason: "CRASHED",
          crash_count: event.crashCount,
          crash_timestamp: event.since.getTime(),
          version: process.version,
        },
      });
      await recordAuditEvent(tx, clock, {
        type: "app.crash",
        actor: { guid: app.guid, type: "app", name: app.name },
        target: { guid: app.guid, type: "app", name: app.name },
        spaceGuid: app.spaceGuid,
        data: { ...crash, reason: "CRASHED" },
      });
    });
    appLog.write(
      app,
      `App instance exited with guid ${event.instanceKey.instanceGuid} payload: ${JSON.stringify({
        ...crash,
        reason: "CRASHED",
        crash_count: event.crashCount,
        crash_timestamp: event.since.getTime(),
        version: process.version,
      })}`,
    );
  }
}

function crashOf(event: Extract<LrpEvent, { readonly kind: "actual_lrp_crashed" }>) {
  const { crashReason, instanceKey, key } = event;
  const description =
    crashReason.length > maximumDescription
      ? `${crashReason.slice(0, maximumDescription)} (truncated)`
      : crashReason;
  const status = /Exited with status (\d+)/.exec(crashReason)?.[1];
  return {
    instance: instanceKey.instanceGuid,
    index: key.index,
    cell_id: instanceKey.cellId,
    exit_description: description,
    ...(status === undefined ? {} : { exit_status: Number(status) }),
  };
}

function keyOf(event: LrpEvent): ActualLrpKey | undefined {
  switch (event.kind) {
    case "actual_lrp_crashed":
      return event.key;
    case "actual_lrp_instance_created":
    case "actual_lrp_instance_removed":
      return event.actualLrp.key;
    case "actual_lrp_instance_changed":
      return event.after.key;
    case "desired_lrp_created":
    case "desired_lrp_changed":
    case "desired_lrp_removed":
      return undefined;
  }
}
