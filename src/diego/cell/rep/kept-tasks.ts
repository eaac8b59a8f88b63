import { z } from "zod";
import { parseInstant } from "#kernel/clock/clock.ts";
import type { Keeping } from "../executor/kept/giving-way.ts";
import type { ScriptSnapshot } from "../executor/kept/script-snapshots.ts";

/** A task that has failed, whose container is still there to be looked into. */
export interface KeptTask {
  readonly taskGuid: string;
  readonly memoryMb: number;
  readonly diskMb: number;
  /** When it is removed, if nobody opens a terminal and no work wants its place. */
  readonly until: Date;
  /** Open in it now. */
  readonly terminals: number;
  /** The scripts at which it can go on. */
  readonly snapshots: readonly ScriptSnapshot[];
}

export function keptTasks(kept: readonly Keeping[]): KeptTask[] {
  return kept.map(({ guid, ...rest }) => ({ taskGuid: guid, ...rest }));
}

const keptTasksJson = z.array(
  z.object({
    task_guid: z.string(),
    memory_mb: z.int(),
    disk_mb: z.int(),
    until: z.iso.datetime(),
    terminals: z.int(),
    snapshots: z.array(z.object({ script: z.string(), buildpack: z.string(), first: z.boolean() })),
  }),
);

export function keptTasksToJson(tasks: readonly KeptTask[]): z.input<typeof keptTasksJson> {
  return tasks.map(({ taskGuid, memoryMb, diskMb, until, terminals, snapshots }) => ({
    task_guid: taskGuid,
    memory_mb: memoryMb,
    disk_mb: diskMb,
    until: until.toISOString(),
    terminals,
    snapshots: snapshots.map(({ isFirst, ...rest }) => ({ ...rest, first: isFirst })),
  }));
}

export function keptTasksFromJson(body: unknown): KeptTask[] {
  return keptTasksJson.parse(body).flatMap((task) => {
    const until = parseInstant(task.until);
    if (until === undefined) return [];
    const { task_guid: taskGuid, memory_mb: memoryMb, disk_mb: diskMb, terminals } = task;
    const snapshots = task.snapshots.map(({ first, ...rest }) => ({ ...rest, isFirst: first }));
    return [{ taskGuid, memoryMb, diskMb, until, terminals, snapshots }];
  });
}
