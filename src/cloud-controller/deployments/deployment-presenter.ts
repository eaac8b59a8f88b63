import { presentTimestamp, relationTo, type Links } from "../http/links.ts";
import type { Metadata } from "../metadata/metadata.ts";
import { isCancelable, isContinuable, type Deployment } from "./deployment-table.ts";

export function presentDeployment(
  deployment: Deployment,
  {
    links,
    metadata,
    keepsRevisions,
  }: {
    readonly links: Links;
    readonly metadata: Metadata;
    /** The app's feature `revisions`. */
    readonly keepsRevisions: boolean;
  },
) {
  const path = `/v3/deployments/${deployment.guid}`;
  const { revisionGuid, deployingWebProcessGuid } = deployment;
  return {
    guid: deployment.guid,
    created_at: presentTimestamp(deployment.createdAt),
    updated_at: presentTimestamp(deployment.updatedAt),
    status: presentStatus(deployment),
    strategy: deployment.strategy,
    options: presentOptions(deployment),
    droplet: { guid: deployment.dropletGuid },
    previous_droplet: { guid: deployment.previousDropletGuid },
    new_processes:
      deployingWebProcessGuid === null ? [] : [{ guid: deployingWebProcessGuid, type: "web" }],
    revision:
      keepsRevisions && revisionGuid !== null
        ? { guid: revisionGuid, version: deployment.revisionVersion }
        : null,
    relationships: { app: relationTo(deployment.appGuid) },
    metadata,
    links: {
      self: links.to(path),
      app: links.to(`/v3/apps/${deployment.appGuid}`),
      ...(isCancelable(deployment)
        ? { cancel: links.action("POST", `${path}/actions/cancel`) }
        : {}),
      ...(isContinuable(deployment)
        ? { continue: links.action("POST", `${path}/actions/continue`) }
        : {}),
    },
  };
}

function presentStatus(deployment: Deployment) {
  const { error, strategy, canarySteps, canaryCurrentStep } = deployment;
  return {
    value: deployment.statusValue,
    reason: deployment.statusReason,
    details: {
      last_successful_healthcheck: presentTimestamp(deployment.lastHealthyAt),
      last_status_change: presentTimestamp(deployment.statusUpdatedAt),
      ...(error === null ? {} : { error }),
    },
    ...(strategy === "canary"
      ? { canary: { steps: { current: canaryCurrentStep, total: canarySteps?.length ?? 1 } } }
      : {}),
  };
}

function presentOptions(deployment: Deployment) {
  const { canarySteps } = deployment;
  const given = {
    web_instances: deployment.webInstances,
    memory_in_mb: deployment.memoryInMb,
    disk_in_mb: deployment.diskInMb,
    log_rate_limit_in_bytes_per_second: deployment.logRateLimitInBytesPerSecond,
  };
  return {
    max_in_flight: deployment.maxInFlight,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)),
    ...(canarySteps === null
      ? {}
      : { canary: { steps: canarySteps.map((weight) => ({ instance_weight: weight })) } }),
  };
}
