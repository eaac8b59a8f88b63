import { presentTimestamp, relationTo } from "../http/links.ts";
import type { Sidecar } from "./sidecar-table.ts";

/** A sidecar has no links and no metadata. */
export function presentSidecar(sidecar: Sidecar) {
  return {
    guid: sidecar.guid,
    name: sidecar.name,
    command: sidecar.command,
    process_types: [...sidecar.processTypes].sort(),
    memory_in_mb: sidecar.memoryInMb,
    origin: sidecar.origin,
    relationships: { app: relationTo(sidecar.appGuid) },
    created_at: presentTimestamp(sidecar.createdAt),
    updated_at: presentTimestamp(sidecar.updatedAt),
  };
}
