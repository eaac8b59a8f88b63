import { presentTimestamp, relationTo, type Links } from "../http/links.ts";
import type { Metadata } from "../metadata/metadata.ts";
import type { IsolationSegment } from "./isolation-segment-table.ts";

export function presentIsolationSegment(
  segment: IsolationSegment,
  { links, metadata }: { readonly links: Links; readonly metadata: Metadata },
) {
  const path = `/v3/isolation_segments/${segment.guid}`;
  return {
    guid: segment.guid,
    created_at: presentTimestamp(segment.createdAt),
    updated_at: presentTimestamp(segment.updatedAt),
    name: segment.name,
    metadata,
    links: { self: links.to(path), organizations: links.to(`${path}/organizations`) },
  };
}

/** The segment of a space or organization; `path` is the relationship's own. */
export function presentAssignedSegment(links: Links, path: string, guid: string | null) {
  return {
    ...relationTo(guid),
    links: {
      self: links.to(path),
      ...(guid === null ? {} : { related: links.to(`/v3/isolation_segments/${guid}`) }),
    },
  };
}
