import { z } from "zod";
import type { CloudController } from "./cloud-controller.ts";

const eventSchema = z.object({
  type: z.string(),
  created_at: z.string(),
  actor: z.object({ name: z.string().nullish() }).nullish(),
  data: z.record(z.string(), z.unknown()).nullish(),
});

export type AuditEvent = z.infer<typeof eventSchema>;

/** The newest page of what happened to the app, newest first. */
export async function recentEvents(cc: CloudController, appGuid: string): Promise<AuditEvent[]> {
  const page = await cc.get("/v3/audit_events", z.object({ resources: z.array(eventSchema) }), {
    query: { target_guids: appGuid, order_by: "-created_at", page: "1" },
  });
  return page.resources;
}
