import type { Registry } from "prom-client";
import { CfError } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";

/**
 * Ours, for those who see the whole platform (administrators, read-only ones, global auditors): the metrics of all components in
 * Prometheus' text at one address, `GET /rivera/v1/metrics`.
 */
export function registerPlatformMetrics(
  api: ApiServer,
  context: {
    readonly registry: Registry;
    /** Of all components; undefined where Cloud Controller runs alone. */
    readonly platformMetrics: (() => Promise<string>) | undefined;
  },
): void {
  const { registry, platformMetrics } = context;
  api.get("/rivera/v1/metrics", async ({ auth }, reply) => {
    if (!auth.isAdmin && !auth.isAdminReadOnly && !auth.isGlobalAuditor) {
      throw new CfError("NotAuthorized");
    }
    const text = await (platformMetrics ?? (() => registry.metrics()))();
    return await reply.type(registry.contentType).send(text);
  });
}
