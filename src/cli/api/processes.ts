import { z } from "zod";
import type { CloudController, Query } from "./cloud-controller.ts";

const embeddedInstanceSchema = z.object({ index: z.number(), state: z.string() });

const processSchema = z.object({
  guid: z.string(),
  type: z.string(),
  command: z.string().nullish(),
  memory_in_mb: z.number().default(0),
  relationships: z
    .object({ app: z.object({ data: z.object({ guid: z.string() }).nullish() }).optional() })
    .optional(),
  process_instances: z.array(embeddedInstanceSchema).nullish(),
});

export type Process = z.infer<typeof processSchema>;

const usage = z
  .object({
    cpu: z.number().nullish(),
    cpu_entitlement: z.number().nullish(),
    mem: z.number().nullish(),
    disk: z.number().nullish(),
    log_rate: z.number().nullish(),
  })
  .nullish();

/** One row of a process's stats; an instance that does not run may lack usage and quotas. */
const instanceSchema = z.object({
  index: z.number(),
  state: z.string(),
  /** Seconds. */
  uptime: z.number().nullish(),
  mem_quota: z.number().nullish(),
  disk_quota: z.number().nullish(),
  log_rate_limit: z.number().nullish(),
  isolation_segment: z.string().nullish(),
  details: z.string().nullish(),
  routable: z.boolean().nullish(),
  usage,
});

export type Instance = z.infer<typeof instanceSchema>;

export async function listProcessesOfApp(cc: CloudController, appGuid: string): Promise<Process[]> {
  return await cc.list(`/v3/apps/${appGuid}/processes`, processSchema);
}

export async function listProcesses(cc: CloudController, query: Query): Promise<Process[]> {
  return await cc.list("/v3/processes", processSchema, query);
}

/** The process with its command, which lists redact. */
export async function getProcess(cc: CloudController, guid: string): Promise<Process> {
  return await cc.get(`/v3/processes/${guid}`, processSchema);
}

export async function listInstances(cc: CloudController, processGuid: string): Promise<Instance[]> {
  return await cc.list(`/v3/processes/${processGuid}/stats`, instanceSchema);
}

export async function listSidecars(
  cc: CloudController,
  processGuid: string,
): Promise<{ name: string }[]> {
  return await cc.list(`/v3/processes/${processGuid}/sidecars`, z.object({ name: z.string() }));
}

/** New sizes of a process; what is undefined stays as it is. */
export interface Scale {
  readonly instances?: number | undefined;
  readonly memory_in_mb?: number | undefined;
  readonly disk_in_mb?: number | undefined;
  readonly log_rate_limit_in_bytes_per_second?: number | undefined;
}

export async function scaleProcess(
  cc: CloudController,
  target: { readonly appGuid: string; readonly type: string },
  scale: Scale,
): Promise<void> {
  const path = `/v3/apps/${target.appGuid}/processes/${encodeURIComponent(target.type)}/actions/scale`;
  await cc.post(path, scale, z.unknown());
}
