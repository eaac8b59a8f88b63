import { z } from "zod";
import type { Selectable } from "kysely";
import type { Actor } from "../http/auth-context.ts";
import type { CfErrorEntry } from "../http/cf-errors.ts";
import type { JobState, JobTable } from "./job-table.ts";

export interface Job {
  readonly guid: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly operation: string;
  readonly state: JobState;
  readonly payload: unknown;
  readonly resourceGuid: string | null;
  readonly resourceType: string | null;
  /** Who asked for it: the events that it records name him. */
  readonly actor: Actor;
  /** Whose id lines of the job's run carry. */
  readonly requestId: string | undefined;
  readonly errors: readonly CfErrorEntry[];
  readonly warnings: readonly string[];
  /** How often it has failed. */
  readonly attempts: number;
}

export function jobKey(guid: string): string {
  return `job:${guid}`;
}

const entriesColumn = z.array(
  z.object({ code: z.number(), title: z.string(), detail: z.string() }),
);
const warningsColumn = z.array(z.string());

const system: Actor = { guid: "system", type: "system", name: "system" };

export function toJob(row: Selectable<JobTable>): Job {
  return {
    guid: row.guid,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    operation: row.operation,
    state: row.state,
    payload: JSON.parse(row.payload),
    resourceGuid: row.resourceGuid,
    resourceType: row.resourceType,
    actor:
      row.userGuid === null
        ? system
        : { guid: row.userGuid, type: row.actorType ?? "user", name: row.actorName ?? "" },
    requestId: row.requestId ?? undefined,
    errors: entriesColumn.parse(JSON.parse(row.errors)),
    warnings: warningsColumn.parse(JSON.parse(row.warnings)),
    attempts: row.attempts,
  };
}

/** When a job that has failed that often is tried again, as delayed_job counts: after 6 s, 21 s, 86 s. */
export function retryDelayMs(attempts: number): number {
  return (attempts ** 4 + 5) * 1000;
}
