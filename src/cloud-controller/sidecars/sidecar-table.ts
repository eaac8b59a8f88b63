import type { Selectable } from "kysely";
import { z } from "zod";
import type { RecordColumns } from "../database/record.ts";

export interface SidecarTable extends RecordColumns {
  readonly appGuid: string;
  /** Unique in the app. */
  readonly name: string;
  readonly command: string;
  /** JSON array of the types of processes beside which it runs. */
  readonly processTypes: string;
  /** Its part of the process's memory; null: no part of its own. */
  readonly memoryInMb: number | null;
  /** Those of a buildpack go with their droplet. */
  readonly origin: SidecarOrigin;
}

export type SidecarOrigin = "user" | "buildpack";

/** What runs beside a process; a droplet and a revision have it in the same form. */
export interface SidecarDefinition {
  readonly name: string;
  readonly command: string;
  readonly processTypes: readonly string[];
  readonly memoryInMb: number | null;
}

export type Sidecar = Omit<Selectable<SidecarTable>, "processTypes"> & SidecarDefinition;

const processTypesColumn = z.array(z.string());

export function toSidecar(row: Selectable<SidecarTable>): Sidecar {
  return { ...row, processTypes: processTypesColumn.parse(JSON.parse(row.processTypes)) };
}
