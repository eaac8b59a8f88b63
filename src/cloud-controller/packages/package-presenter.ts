import { presentTimestamp, relationTo, type Links } from "../http/links.ts";
import { noMetadata, type Metadata } from "../metadata/metadata.ts";
import type { Package } from "./package-table.ts";

export function presentPackage(found: Package, links: Links, metadata: Metadata = noMetadata) {
  const self = `/v3/packages/${found.guid}`;
  return {
    guid: found.guid,
    created_at: presentTimestamp(found.createdAt),
    updated_at: presentTimestamp(found.updatedAt),
    type: found.type,
    data: presentData(found),
    state: found.state,
    relationships: { app: relationTo(found.appGuid) },
    metadata,
    links: {
      self: links.to(self),
      ...(found.type === "bits"
        ? {
            upload: links.action("POST", `${self}/upload`),
            download: links.to(`${self}/download`),
          }
        : {}),
      app: links.to(`/v3/apps/${found.appGuid}`),
    },
  };
}

function presentData(found: Package) {
  if (found.type === "docker") {
    return {
      image: found.image,
      username: found.username,
      password: found.username === null ? null : "***",
    };
  }
  return { error: found.error, checksum: { type: "sha256", value: found.sha256 } };
}
