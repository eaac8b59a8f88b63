import type { Selectable } from "kysely";
import { z } from "zod";
import type { AppState } from "../apps/app-table.ts";
import type { RecordColumns } from "../database/record.ts";

export interface ProcessTable extends RecordColumns {
  readonly appGuid: string;
  readonly type: string;
  readonly state: AppState;
  /** A new one means a new LRP: `<process guid>-<version>` is its name in Diego. */
  readonly version: string;
  /** Null: the droplet's command for that type. */
  readonly command: string | null;
  readonly user: string | null;
  readonly instances: number;
  readonly memoryInMb: number;
  readonly diskInMb: number;
  /** -1: unlimited. */
  readonly logRateLimitInBytesPerSecond: number;
  /** JSON of `HealthCheck`. */
  readonly healthCheck: string;
  /** JSON of `ReadinessHealthCheck`. */
  readonly readinessHealthCheck: string;
  /** What it was started as; null before its first start and where the app keeps no revisions. */
  readonly revisionGuid: string | null;
}

export interface Process {
  readonly id: number;
  readonly guid: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly appGuid: string;
  readonly type: string;
  readonly state: AppState;
  readonly version: string;
  readonly command: string | null;
  readonly user: string | null;
  readonly instances: number;
  readonly memoryInMb: number;
  readonly diskInMb: number;
  readonly logRateLimitInBytesPerSecond: number;
  readonly healthCheck: HealthCheck;
  readonly readinessHealthCheck: ReadinessHealthCheck;
  readonly revisionGuid: string | null;
}

const readinessSchema = z.object({
  type: z.enum(["port", "process", "http"]),
  /** Seconds; null: Diego's own default. */
  invocationTimeout: z.number().nullable(),
  interval: z.number().nullable(),
  /** Path of an http check. */
  endpoint: z.string().nullable(),
});
const healthCheckSchema = readinessSchema.extend({
  /** Seconds that an instance may take to become healthy; null: the platform's default. */
  timeout: z.number().nullable(),
});

export type ReadinessHealthCheck = Readonly<z.infer<typeof readinessSchema>>;
export type HealthCheck = Readonly<z.infer<typeof healthCheckSchema>>;

export function toProcess(row: Selectable<ProcessTable>): Process {
  return {
    ...row,
    healthCheck: healthCheckSchema.parse(JSON.parse(row.healthCheck)),
    readinessHealthCheck: readinessSchema.parse(JSON.parse(row.readinessHealthCheck)),
  };
}

/** Most processes of a page have the same checks: each text is read once. */
export function toProcesses(rows: readonly Selectable<ProcessTable>[]): Process[] {
  const read = new Map<string, Pick<Process, "healthCheck" | "readinessHealthCheck">>();
  return rows.map((row) => {
    const key = `${row.healthCheck}\n${row.readinessHealthCheck}`;
    const known = read.get(key);
    if (known !== undefined) return { ...row, ...known };
    const process = toProcess(row);
    const { healthCheck, readinessHealthCheck } = process;
    read.set(key, { healthCheck, readinessHealthCheck });
    return process;
  });
}
