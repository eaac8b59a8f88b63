import { presentTimestamp, relationTo, type Links } from "../http/links.ts";
import { noMetadata, type Metadata } from "../metadata/metadata.ts";
import type { Task } from "./task-table.ts";

export function presentTask(
  task: Task,
  links: Links,
  presentation: {
    readonly metadata: Metadata | undefined;
    /** Without the right to see commands the key is left out. */
    readonly showsCommand: boolean;
  },
) {
  const path = `/v3/tasks/${task.guid}`;
  return {
    guid: task.guid,
    created_at: presentTimestamp(task.createdAt),
    updated_at: presentTimestamp(task.updatedAt),
    sequence_id: task.sequenceId,
    name: task.name,
    ...(presentation.showsCommand ? { command: task.command } : {}),
    user: task.user ?? "vcap",
    state: task.state,
    memory_in_mb: task.memoryInMb,
    disk_in_mb: task.diskInMb,
    log_rate_limit_in_bytes_per_second: task.logRateLimitInBytesPerSecond,
    result: { failure_reason: task.failureReason },
    droplet_guid: task.dropletGuid,
    relationships: { app: relationTo(task.appGuid) },
    metadata: presentation.metadata ?? noMetadata,
    links: {
      self: links.to(path),
      app: links.to(`/v3/apps/${task.appGuid}`),
      cancel: links.action("POST", `${path}/actions/cancel`),
      droplet: links.to(`/v3/droplets/${task.dropletGuid}`),
    },
  };
}
