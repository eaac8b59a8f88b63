import { z } from "zod";
import type { CloudController } from "./cloud-controller.ts";

const deploymentSchema = z.object({
  guid: z.string(),
  strategy: z.string().nullish(),
  status: z.object({
    value: z.string(),
    reason: z.string().nullish(),
    details: z.object({ last_status_change: z.string().nullish() }).nullish(),
    canary: z
      .object({ steps: z.object({ current: z.number(), total: z.number() }).nullish() })
      .nullish(),
  }),
  options: z.object({ max_in_flight: z.number().nullish() }).nullish(),
  new_processes: z.array(z.object({ guid: z.string(), type: z.string() })).nullish(),
});

export type Deployment = z.infer<typeof deploymentSchema>;

export interface DeploymentRequest {
  readonly strategy: "rolling" | "canary";
  readonly appGuid: string;
  readonly dropletGuid?: string | undefined;
  readonly options: {
    readonly max_in_flight?: number | undefined;
    readonly canary?:
      | { readonly steps: readonly { readonly instance_weight: number }[] }
      | undefined;
    readonly web_instances: number | null;
    readonly memory_in_mb: number | null;
    readonly disk_in_mb: number | null;
    readonly log_rate_limit_in_bytes_per_second: number | null;
  };
}

export async function createDeployment(
  cc: CloudController,
  request: DeploymentRequest,
): Promise<Deployment> {
  const { strategy, appGuid, dropletGuid, options } = request;
  const isPlain = Object.values(options).every((value) => value === null || value === undefined);
  const body = {
    strategy,
    relationships: { app: { data: { guid: appGuid } } },
    ...(dropletGuid === undefined ? {} : { droplet: { guid: dropletGuid } }),
    ...(isPlain ? {} : { options }),
  };
  return await cc.post("/v3/deployments", body, deploymentSchema);
}

export async function getDeployment(cc: CloudController, guid: string): Promise<Deployment> {
  return await cc.get(`/v3/deployments/${guid}`, deploymentSchema);
}

export async function cancelDeployment(cc: CloudController, guid: string): Promise<void> {
  await cc.call("POST", `/v3/deployments/${guid}/actions/cancel`);
}

export async function activeDeployment(
  cc: CloudController,
  appGuid: string,
): Promise<Deployment | undefined> {
  return await cc.first("/v3/deployments", deploymentSchema, {
    app_guids: appGuid,
    order_by: "-created_at",
    status_values: "ACTIVE",
  });
}
