import type { Clock } from "#kernel/clock/clock.ts";
import { newRecord } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import { whereTaken } from "../database/where-taken.ts";
import { unprocessable, type CfError } from "../http/cf-errors.ts";
import { processesOfApp } from "../processes/find-process.ts";
import { sidecarsOfApp } from "./find-sidecar.ts";
import { overcommitted } from "./sidecar-memory.ts";
import {
  toSidecar,
  type Sidecar,
  type SidecarDefinition,
  type SidecarOrigin,
} from "./sidecar-table.ts";

/** It runs from the next start of its processes on. */
export async function createSidecar(
  db: Executor,
  clock: Clock,
  wanted: {
    readonly appGuid: string;
    readonly sidecar: SidecarDefinition;
    readonly origin: SidecarOrigin;
  },
): Promise<Sidecar> {
  const { appGuid, sidecar, origin } = wanted;
  await refuseOvercommitted(db, { appGuid, sidecar });
  requireDistinct(sidecar.processTypes);
  const row = await db
    .insertInto("sidecars")
    .values({
      ...newRecord(clock),
      appGuid,
      name: sidecar.name,
      command: sidecar.command,
      processTypes: JSON.stringify(sidecar.processTypes),
      memoryInMb: sidecar.memoryInMb,
      origin,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
    .catch(whereTaken(() => sidecarNameTaken(sidecar.name)));
  return toSidecar(row);
}

/** @throws 422, which names the columns, as the original's does */
export function requireDistinct(processTypes: readonly string[]): void {
  const repeated = processTypes.find((type, index) => processTypes.indexOf(type) !== index);
  if (repeated === undefined) return;
  throw unprocessable(
    `sidecar_guid and type Sidecar is already associated with process type ${repeated}`,
  );
}

/** The sidecars of each process must leave some of its memory to the app. */
export async function refuseOvercommitted(
  db: Executor,
  {
    appGuid,
    sidecar,
    replaced,
  }: {
    readonly appGuid: string;
    readonly sidecar: SidecarDefinition;
    /** Guid of the sidecar that this one is to take the place of. */
    readonly replaced?: string;
  },
): Promise<void> {
  if (sidecar.memoryInMb === null) return;
  const others = (await sidecarsOfApp(db, appGuid)).filter(({ guid }) => guid !== replaced);
  const processes = (await processesOfApp(db, appGuid)).filter(({ type }) =>
    sidecar.processTypes.includes(type),
  );
  const found = overcommitted(processes, [...others, sidecar]);
  if (found === undefined) return;
  throw unprocessable(
    `The memory allocation defined is too large to run with the dependent "${found.type}" process`,
  );
}

export function sidecarNameTaken(name: string): CfError {
  return unprocessable(`Sidecar with name '${name}' already exists for given app`);
}
