import type { TimeOfDay } from "./schedule.ts";

/** What is cleaned up once a day. */
export const cleanUpNames = [
  "app_usage_events",
  "audit_events",
  "completed_tasks",
  "expired_blob_cleanup",
  "expired_resource_cleanup",
  "orphaned_blobs",
  "orphaned_blobs_cleanup",
  "pollable_jobs",
  "prune_completed_deployments",
  "prune_completed_builds",
  "prune_excess_app_revisions",
] as const;

export type CleanUpName = (typeof cleanUpNames)[number];

/** How long what is kept, and how much of it: capi-release's production values unless an operator says otherwise. */
export interface CleanUpConfig {
  readonly auditEventDays: number;
  readonly appUsageEventDays: number;
  readonly completedTaskDays: number;
  readonly jobDays: number;
  readonly orphanedBlobDays: number;
  readonly deploymentsPerApp: number;
  readonly buildsPerApp: number;
  readonly revisionsPerApp: number;
  /** Whether blobs that no row names are looked for, and deleted at their third sighting. */
  readonly removeOrphanedBlobs: boolean;
  /** Of the day, in UTC. */
  readonly times: Readonly<Record<CleanUpName, TimeOfDay>>;
}

export const defaultCleanUp: CleanUpConfig = {
  auditEventDays: 31,
  appUsageEventDays: 31,
  completedTaskDays: 31,
  jobDays: 90,
  orphanedBlobDays: 90,
  deploymentsPerApp: 100,
  buildsPerApp: 100,
  revisionsPerApp: 100,
  removeOrphanedBlobs: true,
  // Hard-coded in the original's clock.
  times: {
    app_usage_events: "18:00",
    audit_events: "20:00",
    completed_tasks: "23:00",
    expired_blob_cleanup: "00:00",
    expired_resource_cleanup: "00:30",
    orphaned_blobs: "01:00",
    orphaned_blobs_cleanup: "01:30",
    pollable_jobs: "02:00",
    prune_completed_deployments: "03:00",
    prune_completed_builds: "03:30",
    prune_excess_app_revisions: "03:35",
  },
};
