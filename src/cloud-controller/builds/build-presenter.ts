import { withoutCredentials } from "../buildpacks/buildpack-uri.ts";
import type { Droplet } from "../droplets/droplet-table.ts";
import { presentTimestamp, relationTo, type Links } from "../http/links.ts";
import { noMetadata, type Metadata } from "../metadata/metadata.ts";
import type { Build } from "./build-table.ts";

const finalDroplet = new Set(["STAGED", "FAILED", "EXPIRED"]);

export function presentBuild(
  build: Build,
  links: Links,
  related: {
    readonly droplet: Pick<Droplet, "guid" | "state"> | undefined;
    readonly metadata?: Metadata | undefined;
  },
) {
  const droplet =
    related.droplet !== undefined && finalDroplet.has(related.droplet.state)
      ? { guid: related.droplet.guid }
      : null;
  return {
    guid: build.guid,
    created_at: presentTimestamp(build.createdAt),
    updated_at: presentTimestamp(build.updatedAt),
    state: build.state,
    staging_memory_in_mb: build.stagingMemoryInMb,
    staging_disk_in_mb: build.stagingDiskInMb,
    staging_log_rate_limit_bytes_per_second: build.stagingLogRateLimit,
    error: build.errorId === null ? null : `${build.errorId} - ${build.errorDescription ?? ""}`,
    lifecycle: {
      type: build.lifecycleType,
      data:
        build.lifecycleType === "docker"
          ? {}
          : { buildpacks: build.buildpacks.map(withoutCredentials), stack: build.stack },
    },
    package: { guid: build.packageGuid },
    droplet,
    created_by: {
      guid: build.createdByGuid,
      name: build.createdByName,
      email: build.createdByEmail,
    },
    relationships: { app: relationTo(build.appGuid) },
    metadata: related.metadata ?? noMetadata,
    links: {
      self: links.to(`/v3/builds/${build.guid}`),
      app: links.to(`/v3/apps/${build.appGuid}`),
      ...(droplet === null ? {} : { droplet: links.to(`/v3/droplets/${droplet.guid}`) }),
    },
  };
}
