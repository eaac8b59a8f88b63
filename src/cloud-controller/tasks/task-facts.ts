import { randomGuids } from "#kernel/guid.ts";
import type { App } from "../apps/app-table.ts";
import { dropletBlob } from "../blobs/blob-keys.ts";
import { lifecyclePath } from "../blobs/blob-routes.ts";
import type { BlobUrls } from "../blobs/blob-urls.ts";
import type { CloudControllerLimits } from "../config.ts";
import type { Database } from "../database/schema.ts";
import type { Droplet } from "../droplets/droplet-table.ts";
import { environmentVariableGroup } from "../environment-variable-groups/find-environment-variable-group.ts";
import { appPlace } from "../running/app-place.ts";
import { toEgressRules } from "../running/egress-rules.ts";
import { placementTags } from "../isolation-segments/placement-tags.ts";
import { rulesOfSpaces } from "../security-groups/groups-of-spaces.ts";
import { mappedRoutes, urisOf } from "../running/mapped-routes.ts";
import { vcapApplication, type AppPlace } from "../running/vcap-application.ts";
import { layerVariables } from "../staging/environment.ts";
import type { StagingConfig } from "../staging/staging-config.ts";
import { toToolchains } from "../staging/toolchains.ts";
import type { TaskFacts } from "./task-definition.ts";
import type { Task } from "./task-table.ts";

export interface TaskFactSource {
  readonly db: Database;
  readonly blobUrls: BlobUrls;
  readonly apiUrl: string;
  readonly limits: CloudControllerLimits;
  readonly config: Pick<StagingConfig, "lifecycleBundle" | "limits" | "lang">;
}

/** Path of the internal listener that the BBS calls when the task has ended. */
export const completedPath = (taskGuid: string) => `/internal/v4/tasks/${taskGuid}/completed`;

/** Undefined where the droplet has lost its bits. */
export async function taskFacts(
  source: TaskFactSource,
  { task, app, droplet }: { readonly task: Task; readonly app: App; readonly droplet: Droplet },
): Promise<TaskFacts | undefined> {
  const { db, blobUrls, config } = source;
  const { sha1, sha256 } = droplet;
  if (sha1 === null || sha256 === null) return undefined;
  const place = await appPlace(db, app.spaceGuid);
  const { spaceGuid } = app;
  const groups = await rulesOfSpaces(db, "running", [spaceGuid]);
  const tag = (await placementTags(db, [spaceGuid])).get(spaceGuid);
  const { key } = config.lifecycleBundle;
  return {
    task,
    app,
    place,
    stack: droplet.stack ?? app.lifecycle.stack ?? "",
    toolchains: toToolchains(droplet.toolchains),
    droplet: {
      url: blobUrls.forCell(dropletBlob(droplet.guid, sha1), { permanent: true }),
      sha256,
    },
    lifecycle: { url: blobUrls.internal("GET", lifecyclePath(key), { permanent: true }), key },
    environment: await environmentOf(source, { task, app, place }),
    egressRules: toEgressRules(groups.get(spaceGuid) ?? []),
    placementTags: tag === undefined ? [] : [tag],
    pidLimit: config.limits.pidLimit,
    fileDescriptors: config.limits.fileDescriptors,
    completionCallbackUrl: blobUrls.internal("POST", completedPath(task.guid), {
      permanent: true,
    }),
  };
}

/** No PORT: nothing is routed to a task. */
async function environmentOf(
  { db, apiUrl, limits, config }: TaskFactSource,
  { task, app, place }: { readonly task: Task; readonly app: App; readonly place: AppPlace },
) {
  const group = await environmentVariableGroup(db, "running");
  const routes = (await mappedRoutes(db, [app.guid])).get(app.guid) ?? [];
  const application = vcapApplication({
    app,
    place,
    uris: urisOf(routes),
    apiUrl,
    version: randomGuids(),
    limits: {
      fileDescriptors: config.limits.fileDescriptors,
      memoryInMb: task.memoryInMb,
      // The original tells the default here, whatever the task was given.
      diskInMb: limits.defaultDiskInMb,
    },
  });
  return layerVariables(
    group.variables,
    app.environmentVariables,
    { VCAP_APPLICATION: application, MEMORY_LIMIT: `${task.memoryInMb}m` },
    { VCAP_SERVICES: {} },
    { LANG: config.lang },
  );
}
