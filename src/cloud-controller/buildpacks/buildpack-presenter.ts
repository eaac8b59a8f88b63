import { presentTimestamp, type Links } from "../http/links.ts";
import { noMetadata, type Metadata } from "../metadata/metadata.ts";
import type { Buildpack } from "./buildpack-table.ts";

export function presentBuildpack(
  buildpack: Buildpack,
  links: Links,
  metadata: Metadata = noMetadata,
) {
  const self = `/v3/buildpacks/${buildpack.guid}`;
  return {
    guid: buildpack.guid,
    created_at: presentTimestamp(buildpack.createdAt),
    updated_at: presentTimestamp(buildpack.updatedAt),
    name: buildpack.name,
    stack: buildpack.stack,
    state: buildpack.filename === null ? "AWAITING_UPLOAD" : "READY",
    lifecycle: buildpack.lifecycle,
    filename: buildpack.filename,
    position: buildpack.position,
    enabled: buildpack.enabled === 1,
    locked: buildpack.locked === 1,
    metadata,
    links: { self: links.to(self), upload: links.action("POST", `${self}/upload`) },
  };
}
