import type { RecordColumns } from "../database/record.ts";

type UsageState =
  | "STARTED"
  | "STOPPED"
  | "BUILDPACK_SET"
  | "STAGING_STARTED"
  | "STAGING_STOPPED"
  | "TASK_STARTED"
  | "TASK_STOPPED";

/**
 * One change of what is used, for who bills: written once, never changed. Names and guids are kept after what they
 * name has gone, so no foreign keys.
 */
export interface AppUsageEventTable extends RecordColumns {
  readonly state: UsageState;
  /** Of the process, build or task before the change; null where it was made with it. */
  readonly previousState: string | null;
  readonly appGuid: string;
  readonly appName: string;
  /** Null for builds and tasks. */
  readonly processGuid: string | null;
  readonly processType: string | null;
  readonly spaceGuid: string;
  readonly spaceName: string;
  readonly organizationGuid: string;
  readonly buildpackGuid: string | null;
  /** Name of an admin buildpack, or a URL without its password. */
  readonly buildpackName: string | null;
  readonly taskGuid: string | null;
  readonly taskName: string | null;
  readonly memoryInMbPerInstance: number;
  readonly previousMemoryInMbPerInstance: number | null;
  readonly instanceCount: number;
  readonly previousInstanceCount: number | null;
}
