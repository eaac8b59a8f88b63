import { presentTimestamp, relationTo, type Links } from "../http/links.ts";
import { noMetadata, type Metadata } from "../metadata/metadata.ts";
import type { Droplet } from "./droplet-table.ts";

/** Commands are the developers' own: lists hide them from everybody. */
export type SecretsShown = "all" | "none" | "none-in-lists";

const hiddenText = {
  none: "[PRIVATE DATA HIDDEN]",
  "none-in-lists": "[PRIVATE DATA HIDDEN IN LISTS]",
} as const;

export function presentDroplet(
  droplet: Droplet,
  links: Links,
  options: { readonly metadata?: Metadata | undefined; readonly secrets: SecretsShown },
) {
  const self = `/v3/droplets/${droplet.guid}`;
  const { secrets } = options;
  const isDocker = droplet.lifecycleType === "docker";
  return {
    guid: droplet.guid,
    created_at: presentTimestamp(droplet.createdAt),
    updated_at: presentTimestamp(droplet.updatedAt),
    state: droplet.state,
    error:
      droplet.errorId === null ? null : `${droplet.errorId} - ${droplet.errorDescription ?? ""}`,
    lifecycle: { type: droplet.lifecycleType, data: {} },
    checksum: droplet.sha256 === null ? null : { type: "sha256", value: droplet.sha256 },
    buildpacks: isDocker
      ? null
      : droplet.buildpacks.map((buildpack) => ({
          name: buildpack.name,
          detect_output: buildpack.detectOutput,
          buildpack_name: buildpack.buildpackName,
          version: buildpack.version,
        })),
    stack: droplet.stack,
    image: droplet.image,
    execution_metadata: secrets === "all" ? droplet.executionMetadata : hiddenText[secrets],
    process_types:
      secrets === "all" ? droplet.processTypes : { redacted_message: hiddenText[secrets] },
    relationships: { app: relationTo(droplet.appGuid) },
    metadata: options.metadata ?? noMetadata,
    links: {
      self: links.to(self),
      app: links.to(`/v3/apps/${droplet.appGuid}`),
      assign_current_droplet: links.action(
        "PATCH",
        `/v3/apps/${droplet.appGuid}/relationships/current_droplet`,
      ),
      ...(droplet.packageGuid === null
        ? {}
        : { package: links.to(`/v3/packages/${droplet.packageGuid}`) }),
      ...(droplet.state === "AWAITING_UPLOAD"
        ? { upload: links.action("POST", `${self}/upload`) }
        : {}),
      ...(droplet.state === "STAGED" && !isDocker
        ? { download: links.to(`${self}/download`) }
        : {}),
    },
  };
}
