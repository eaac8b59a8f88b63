import * as z from "zod/mini";
import type { PlatformApi } from "./platform-api.ts";

const shellSchema = z.object({
  available: z.boolean(),
  reason: z.string(),
  directory: z.string(),
  script: z.nullable(z.array(z.string())),
  kept_until: z.nullable(z.string()),
  /** Scripts at which it can go on, the one that failed last. */
  retry_from: z.array(z.string()),
});

/** Whether there is a container of the failed staging to look into. */
export type BuildShell = z.infer<typeof shellSchema>;

export async function loadBuildShell(
  api: PlatformApi,
  guid: string,
  signal: AbortSignal,
): Promise<BuildShell> {
  return await api.get(`rivera/v1/builds/${guid}/shell`, shellSchema, { signal });
}

const ticketSchema = z.object({ ticket: z.string().check(z.regex(/^[\w-]+$/)) });

/** The permission to open one terminal, and where. */
export async function askForShell(
  api: PlatformApi,
  guid: string,
): Promise<{ readonly ticket: string; readonly url: URL }> {
  const path = `rivera/v1/builds/${guid}/shell`;
  const { ticket } = await api.postFor(path, {}, ticketSchema);
  return { ticket, url: api.urlOf(path) };
}
