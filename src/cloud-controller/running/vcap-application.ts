import type { App } from "../apps/app-table.ts";

/** The names around an app that its environment and its metrics tell. */
export interface AppPlace {
  readonly spaceGuid: string;
  readonly spaceName: string;
  readonly organizationGuid: string;
  readonly organizationName: string;
}

/** What VCAP_APPLICATION says of the app, wherever it runs; the launcher adds what an instance knows of itself. */
export function vcapApplication(facts: {
  readonly app: Pick<App, "guid" | "name">;
  readonly place: AppPlace;
  /** `host.domain/path` of each route. */
  readonly uris: readonly string[];
  readonly apiUrl: string;
  readonly version: string;
  readonly limits: {
    readonly fileDescriptors: number;
    readonly memoryInMb: number;
    readonly diskInMb: number;
  };
  /** Not in staging. */
  readonly process?: { readonly guid: string; readonly type: string };
}): Readonly<Record<string, unknown>> {
  const { app, place, uris, version, limits } = facts;
  return {
    cf_api: facts.apiUrl,
    limits: { fds: limits.fileDescriptors, mem: limits.memoryInMb, disk: limits.diskInMb },
    application_name: app.name,
    application_uris: uris,
    name: app.name,
    space_name: place.spaceName,
    space_id: place.spaceGuid,
    organization_id: place.organizationGuid,
    organization_name: place.organizationName,
    uris,
    users: null,
    ...(facts.process === undefined
      ? {}
      : { process_id: facts.process.guid, process_type: facts.process.type }),
    application_id: app.guid,
    version,
    application_version: version,
  };
}

/** The tags of an app's metrics and logs. */
export function appMetricTags(
  app: Pick<App, "guid" | "name">,
  place: AppPlace,
): Readonly<Record<string, { readonly static: string }>> {
  return {
    source_id: { static: app.guid },
    app_id: { static: app.guid },
    app_name: { static: app.name },
    space_id: { static: place.spaceGuid },
    space_name: { static: place.spaceName },
    organization_id: { static: place.organizationGuid },
    organization_name: { static: place.organizationName },
  };
}
