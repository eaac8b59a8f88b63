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
};
