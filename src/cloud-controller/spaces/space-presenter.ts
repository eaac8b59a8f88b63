import { presentTimestamp, relationTo, type Links } from "../http/links.ts";
import type { Metadata } from "../metadata/metadata.ts";
import type { Space } from "./space-table.ts";

export function presentSpace(
  space: Space,
  { links, metadata }: { readonly links: Links; readonly metadata: Metadata },
) {
  const path = `/v3/spaces/${space.guid}`;
  return {
    guid: space.guid,
    created_at: presentTimestamp(space.createdAt),
    updated_at: presentTimestamp(space.updatedAt),
    name: space.name,
    suspended: space.suspended === 1,
    relationships: {
      organization: relationTo(space.organizationGuid),
      quota: relationTo(space.quotaGuid),
    },
    metadata,
    links: {
      self: links.to(path),
      organization: links.to(`/v3/organizations/${space.organizationGuid}`),
      features: links.to(`${path}/features`),
      apply_manifest: links.action("POST", `${path}/actions/apply_manifest`),
      ...(space.quotaGuid === null
        ? {}
        : { quota: links.to(`/v3/space_quotas/${space.quotaGuid}`) }),
    },
  };
}
