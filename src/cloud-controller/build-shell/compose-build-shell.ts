import type { BbsClient } from "#diego/bbs/client.ts";
import type { KeptTaskClient } from "#diego/cell/rep/client.ts";
import type { UpgradeHandler } from "#kernel/http/mounted.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { ApiServer } from "../http/create-server.ts";
import { KeptStagings } from "./kept-stagings.ts";
import { registerBuildShell, type ShellRoutes } from "./shell-routes.ts";
import { ShellUpgrade } from "./shell-upgrade.ts";

/** The way into the containers of failed stagings. */
export function composeBuildShell(
  dependencies: Omit<ShellRoutes, "kept"> & {
    readonly bbs: Pick<BbsClient, "cells">;
    readonly keptTasksOf: (repUrl: string) => KeptTaskClient;
    readonly logger: Logger;
    readonly stopping: AbortSignal;
    readonly servers: { readonly api: ApiServer; readonly internal: ApiServer };
  },
): { readonly kept: KeptStagings; readonly upgrade: UpgradeHandler } {
  const { api, internal } = dependencies.servers;
  const kept = new KeptStagings(dependencies);
  registerBuildShell(api, { ...dependencies, kept });
  // For `rivera status`.
  internal.get("/kept-stagings", async () =>
    (await kept.list()).map(({ taskGuid, cellId, until, memoryMb, terminals }) => ({
      build_guid: taskGuid,
      cell: cellId,
      until: until.toISOString(),
      memory_in_mb: memoryMb,
      terminals,
    })),
  );
  return { kept, upgrade: new ShellUpgrade({ ...dependencies, kept }).handle };
}
