import type { Selectable } from "kysely";
import { z } from "zod";
import type { LifecycleType } from "../apps/app-table.ts";
import type { RecordColumns } from "../database/record.ts";

/**
 * By staging: STAGING (its bits have come) -> STAGED | FAILED. By upload: AWAITING_UPLOAD -> PROCESSING_UPLOAD ->
 * STAGED | FAILED. A copy: COPYING -> STAGED | FAILED. STAGED and FAILED become EXPIRED once newer ones push them out.
 */
type DropletState =
  | "AWAITING_UPLOAD"
  | "PROCESSING_UPLOAD"
  | "COPYING"
  | "STAGING"
  | "STAGED"
  | "FAILED"
  | "EXPIRED";

export interface DropletTable extends RecordColumns {
  readonly appGuid: string;
  readonly packageGuid: string | null;
  readonly buildGuid: string | null;
  readonly state: DropletState;
  /** Hex, of the stored tgz. */
  readonly sha1: string | null;
  readonly sha256: string | null;
  readonly lifecycleType: LifecycleType;
  readonly stack: string | null;
  /** JSON array of `DropletBuildpack`. */
  readonly buildpacks: string;
  /** JSON object: process type to start command. */
  readonly processTypes: string;
  /** JSON array of `DropletSidecar`. */
  readonly sidecars: string;
  readonly executionMetadata: string;
  readonly image: string | null;
  readonly errorId: string | null;
  readonly errorDescription: string | null;
  readonly copiedFrom: string | null;
  /** JSON array of the toolchains that its containers get; null where it is not known what it needs: all of the cell. */
  readonly toolchains: string | null;
}

const buildpackSchema = z.object({
  /** Of the admin buildpack, or the URL without its password. */
  name: z.string(),
  /** What its detect script said, on the entry that gave the droplet its form. */
  detectOutput: z.string().nullable(),
  /** As the buildpack calls itself. */
  buildpackName: z.string().nullable(),
  version: z.string().nullable(),
});
const sidecarSchema = z.object({
  name: z.string(),
  command: z.string(),
  processTypes: z.array(z.string()),
  memoryInMb: z.number().nullable(),
});
const buildpacksColumn = z.array(buildpackSchema);
const sidecarsColumn = z.array(sidecarSchema);
const processTypesColumn = z.record(z.string(), z.string());

export type DropletBuildpack = Readonly<z.infer<typeof buildpackSchema>>;
type DropletSidecar = Readonly<z.infer<typeof sidecarSchema>>;

export type Droplet = Omit<Selectable<DropletTable>, "buildpacks" | "processTypes" | "sidecars"> & {
  readonly buildpacks: readonly DropletBuildpack[];
  readonly processTypes: Readonly<Record<string, string>>;
  readonly sidecars: readonly DropletSidecar[];
};

export function toDroplet(row: Selectable<DropletTable>): Droplet {
  return {
    ...row,
    buildpacks: buildpacksColumn.parse(JSON.parse(row.buildpacks)),
    processTypes: processTypesColumn.parse(JSON.parse(row.processTypes)),
    sidecars: sidecarsColumn.parse(JSON.parse(row.sidecars)),
  };
}
