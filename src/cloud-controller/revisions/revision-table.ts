import type { Selectable } from "kysely";
import { z } from "zod";
import type { RecordColumns } from "../database/record.ts";

export interface RevisionTable extends RecordColumns {
  readonly appGuid: string;
  /** Counts from 1 to 9999 in the app, then again from 1. */
  readonly version: number;
  readonly dropletGuid: string;
  /** JSON object. */
  readonly environmentVariables: string;
  /** JSON object: process type to the process's own start command, null where the droplet's counts. */
  readonly commands: string;
  /** JSON array of `SidecarDefinition`. */
  readonly sidecars: string;
  readonly description: string;
}

const variablesColumn = z.record(z.string(), z.unknown());
const commandsColumn = z.record(z.string(), z.string().nullable());
const sidecarsColumn = z.array(
  z.object({
    name: z.string(),
    command: z.string(),
    processTypes: z.array(z.string()),
    memoryInMb: z.number().nullable(),
  }),
);

/** What makes an app what it is when it runs; a difference in it is a new revision. */
export interface Configuration {
  readonly dropletGuid: string;
  readonly environmentVariables: Readonly<Record<string, unknown>>;
  readonly commands: Readonly<Record<string, string | null>>;
  readonly sidecars: readonly Readonly<z.infer<typeof sidecarsColumn>[number]>[];
}

export type Revision = Omit<Selectable<RevisionTable>, keyof Configuration> & Configuration;

export function toRevision(row: Selectable<RevisionTable>): Revision {
  return {
    ...row,
    environmentVariables: variablesColumn.parse(JSON.parse(row.environmentVariables)),
    commands: commandsColumn.parse(JSON.parse(row.commands)),
    sidecars: sidecarsColumn.parse(JSON.parse(row.sidecars)),
  };
}
