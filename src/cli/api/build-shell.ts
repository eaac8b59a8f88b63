import { z } from "zod";
import type { CloudController } from "./cloud-controller.ts";

// The way into the container of a failed staging, which only Rivera has.

const ticketSchema = z.object({
  app: z.object({ name: z.string() }),
  ticket: z.string().regex(/^[\w-]+$/),
  directory: z.string(),
  script: z.array(z.string()).nullable(),
  kept_until: z.iso.datetime().nullable(),
});

export type ShellTicket = z.infer<typeof ticketSchema>;

/** The permission to open one terminal, good for some seconds. */
export async function askForShell(cc: CloudController, buildGuid: string): Promise<ShellTicket> {
  return await cc.post(`/rivera/v1/builds/${buildGuid}/shell`, {}, ticketSchema);
}
