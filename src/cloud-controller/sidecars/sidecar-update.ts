import type { Clock } from "#kernel/clock/clock.ts";
import { touched } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import { whereTaken } from "../database/where-taken.ts";
import { sidecarsOfApp } from "./find-sidecar.ts";
import type { CreateSidecar, UpdateSidecar } from "./messages.ts";
import {
  createSidecar,
  refuseOvercommitted,
  requireDistinct,
  sidecarNameTaken,
} from "./sidecar-create.ts";
import type { Sidecar } from "./sidecar-table.ts";

/** Keys that are not given stay; its origin stays in any case. */
export async function updateSidecar(
  db: Executor,
  clock: Clock,
  { sidecar, message }: { readonly sidecar: Sidecar; readonly message: UpdateSidecar },
): Promise<void> {
  const wanted = {
    name: message.name ?? sidecar.name,
    command: message.command ?? sidecar.command,
    processTypes: message.process_types ?? sidecar.processTypes,
    memoryInMb: message.memory_in_mb === undefined ? sidecar.memoryInMb : message.memory_in_mb,
  };
  if (message.memory_in_mb !== undefined || message.process_types !== undefined) {
    const { appGuid, guid: replaced } = sidecar;
    await refuseOvercommitted(db, { appGuid, sidecar: wanted, replaced });
  }
  requireDistinct(wanted.processTypes);
  await db
    .updateTable("sidecars")
    .set({
      ...touched(clock),
      ...wanted,
      processTypes: JSON.stringify(wanted.processTypes),
    })
    .where("guid", "=", sidecar.guid)
    .execute()
    .catch(whereTaken(() => sidecarNameTaken(wanted.name)));
}

/** A manifest's sidecars: each is made, or changed where the app has one of its name; others stay. */
export async function applySidecars(
  db: Executor,
  clock: Clock,
  { appGuid, messages }: { readonly appGuid: string; readonly messages: readonly CreateSidecar[] },
): Promise<void> {
  for (const message of messages) {
    const known = await sidecarsOfApp(db, appGuid);
    const sidecar = known.find(({ name }) => name === message.name);
    if (sidecar !== undefined) {
      await updateSidecar(db, clock, { sidecar, message });
      continue;
    }
    const { name, command, process_types: processTypes, memory_in_mb: memoryInMb } = message;
    await createSidecar(db, clock, {
      appGuid,
      sidecar: { name, command, processTypes, memoryInMb: memoryInMb ?? null },
      origin: "user",
    });
  }
}
