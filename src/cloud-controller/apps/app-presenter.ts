import { presentTimestamp, relationTo, type Links } from "../http/links.ts";
import type { Metadata } from "../metadata/metadata.ts";
import type { Lifecycle, ShownApp } from "./app-table.ts";
import { withoutCredentials } from "../buildpacks/buildpack-uri.ts";

export function presentApp(
  app: ShownApp,
  { links, metadata }: { readonly links: Links; readonly metadata: Metadata },
) {
  const path = `/v3/apps/${app.guid}`;
  return {
    guid: app.guid,
    created_at: presentTimestamp(app.createdAt),
    updated_at: presentTimestamp(app.updatedAt),
    name: app.name,
    state: app.state,
    lifecycle: presentLifecycle(app.lifecycle),
    relationships: {
      space: relationTo(app.spaceGuid),
      // Without a droplet the original has an object all the same.
      current_droplet: { data: { guid: app.dropletGuid } },
    },
    metadata,
    links: {
      self: links.to(path),
      environment_variables: links.to(`${path}/environment_variables`),
      space: links.to(`/v3/spaces/${app.spaceGuid}`),
      processes: links.to(`${path}/processes`),
      packages: links.to(`${path}/packages`),
      current_droplet: links.to(`${path}/droplets/current`),
      droplets: links.to(`${path}/droplets`),
      tasks: links.to(`${path}/tasks`),
      start: links.action("POST", `${path}/actions/start`),
      stop: links.action("POST", `${path}/actions/stop`),
      clear_buildpack_cache: links.action("POST", `${path}/actions/clear_buildpack_cache`),
      revisions: links.to(`${path}/revisions`),
      deployed_revisions: links.to(`${path}/revisions/deployed`),
      features: links.to(`${path}/features`),
    },
  };
}

function presentLifecycle(lifecycle: Lifecycle) {
  if (lifecycle.type === "docker") return { type: lifecycle.type, data: {} };
  return {
    type: lifecycle.type,
    data: { buildpacks: lifecycle.buildpacks.map(withoutCredentials), stack: lifecycle.stack },
  };
}
