import type { Selectable } from "kysely";
import { z } from "zod";
import type { LifecycleType } from "../apps/app-table.ts";
import type { RecordColumns } from "../database/record.ts";

/** STAGING -> STAGED | FAILED; both are final. */
type BuildState = "STAGING" | "STAGED" | "FAILED";

export interface BuildTable extends RecordColumns {
  readonly appGuid: string;
  readonly packageGuid: string;
  readonly state: BuildState;
  /** Title of a Cloud Foundry error without `CF-`. */
  readonly errorId: string | null;
  readonly errorDescription: string | null;
  readonly lifecycleType: LifecycleType;
  readonly stack: string | null;
  /** JSON array of names of admin buildpacks and URLs; empty: detect. */
  readonly buildpacks: string;
  /** JSON of `StagingToolchains`; null in a build from before there were any. */
  readonly toolchains: string | null;
  readonly stagingMemoryInMb: number;
  readonly stagingDiskInMb: number;
  readonly stagingLogRateLimit: number;
  readonly createdByGuid: string;
  readonly createdByName: string;
  readonly createdByEmail: string;
}

export type Build = Omit<Selectable<BuildTable>, "buildpacks"> & {
  readonly buildpacks: readonly string[];
};

const buildpacksColumn = z.array(z.string());

export function toBuild(row: Selectable<BuildTable>): Build {
  return { ...row, buildpacks: buildpacksColumn.parse(JSON.parse(row.buildpacks)) };
}
