import type { App } from "../apps/app-table.ts";
import type { Executor } from "../database/schema.ts";
import { unprocessable } from "../http/cf-errors.ts";
import type { Process } from "../processes/process-table.ts";
import { quotaFaults } from "../quotas/check-quota.ts";
import { appPlace } from "../running/app-place.ts";
import { sidecarsOfApp } from "../sidecars/find-sidecar.ts";
import { overcommitted } from "../sidecars/sidecar-memory.ts";

/**
 * Refuses a web process that a deployment may not have, in the texts of the original's models. While old and new
 * instances run side by side an app needs more than its quota may allow, so the text says that.
 */
export async function refuseUnallowed(
  db: Executor,
  wanted: { readonly app: App; readonly process: Process; readonly maximumDiskInMb: number },
): Promise<void> {
  const { app, process, maximumDiskInMb } = wanted;
  const faults: string[] = [];
  if (process.diskInMb > maximumDiskInMb) {
    faults.push(
      `disk_quota too much disk requested (requested ${process.diskInMb} MB - must be less than ${maximumDiskInMb} MB)`,
    );
  }
  if (overcommitted([process], await sidecarsOfApp(db, app.guid)) !== undefined) {
    faults.push("memory process_memory_insufficient_for_sidecars");
  }
  const started: Process = { ...process, state: "STARTED" };
  faults.push(...(await quotaFaults(db, { spaceGuid: app.spaceGuid, changed: [started] })));
  if (faults.length === 0) return;
  const text = faults.join(", ");
  throw unprocessable(text + (await explanation(db, app, text)));
}

async function explanation(db: Executor, app: App, text: string): Promise<string> {
  const place = await appPlace(db, app.spaceGuid);
  const rest =
    "quota may not be large enough to support rolling deployments or your configured max-in-flight.";
  if (/space_(quota|app_instance_limit)_exceeded/.test(text)) {
    return ` for space ${place.spaceName}. This space's ${rest}`;
  }
  if (/(quota|app_instance_limit)_exceeded/.test(text)) {
    return ` for organization ${place.organizationName}. This organization's ${rest}`;
  }
  return "";
}
