import type { Logger } from "#kernel/log/logger.ts";
import type { SignedUrls } from "../blobs/signed-urls.ts";
import type { CloudControllerConfig } from "../config.ts";
import type { ApiServer } from "../http/create-server.ts";
import type { StagingMetrics } from "../metrics/staging-metrics.ts";
import { BuildObservations } from "./build-observations.ts";
import { registerBuildInsight } from "./insight-routes.ts";
import { registerObservationIntake } from "./internal-routes.ts";
import { registerBuildLog, type LogRoutes } from "./log-routes.ts";
import { TimelineExport } from "./timeline-export.ts";

/** What cells tell of builds, kept and shown. */
export function composeObservations(
  dependencies: LogRoutes & {
    readonly config: Pick<CloudControllerConfig, "otlpEndpoint">;
    readonly logger: Logger;
    readonly metrics: StagingMetrics;
    readonly servers: { readonly api: ApiServer; readonly internal: ApiServer };
  },
  signedUrls: SignedUrls,
): BuildObservations {
  const { api, internal } = dependencies.servers;
  const { otlpEndpoint: endpoint } = dependencies.config;
  const timelineExport =
    endpoint === undefined ? undefined : new TimelineExport({ ...dependencies, endpoint });
  const observations = new BuildObservations({ ...dependencies, timelineExport });
  registerObservationIntake(internal, { signedUrls, observations });
  registerBuildLog(api, dependencies);
  registerBuildInsight(api, dependencies);
  return observations;
}
