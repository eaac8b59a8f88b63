import { presentTimestamp, relationTo, type Links } from "../http/links.ts";
import type { Metadata } from "../metadata/metadata.ts";
import type { Revision } from "./revision-table.ts";

export function presentRevision(
  revision: Revision,
  {
    links,
    metadata,
    isDeployable,
  }: {
    readonly links: Links;
    readonly metadata: Metadata;
    /** Its droplet is there and has bits. */
    readonly isDeployable: boolean;
  },
) {
  const path = `/v3/revisions/${revision.guid}`;
  return {
    guid: revision.guid,
    version: revision.version,
    droplet: { guid: revision.dropletGuid },
    processes: Object.fromEntries(
      Object.entries(revision.commands).map(([type, command]) => [type, { command }]),
    ),
    sidecars: revision.sidecars.map(({ name, command, processTypes, memoryInMb }) => ({
      name,
      command,
      memory_in_mb: memoryInMb,
      process_types: processTypes,
    })),
    description: revision.description,
    relationships: { app: relationTo(revision.appGuid) },
    created_at: presentTimestamp(revision.createdAt),
    updated_at: presentTimestamp(revision.updatedAt),
    links: {
      self: links.to(path),
      app: links.to(`/v3/apps/${revision.appGuid}`),
      environment_variables: links.to(`${path}/environment_variables`),
    },
    metadata,
    deployable: isDeployable,
  };
}

export function presentRevisionEnvironment(revision: Revision, links: Links) {
  const path = `/v3/revisions/${revision.guid}`;
  return {
    var: revision.environmentVariables,
    links: {
      self: links.to(`${path}/environment_variables`),
      revision: links.to(path),
      app: links.to(`/v3/apps/${revision.appGuid}`),
    },
  };
}
