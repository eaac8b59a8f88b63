import type { SignedUrls } from "../blobs/signed-urls.ts";
import type { ApiServer } from "../http/create-server.ts";
import { BuildObservations } from "./build-observations.ts";
import { registerBuildInsight } from "./insight-routes.ts";
import { registerObservationIntake } from "./internal-routes.ts";
import { registerBuildLog, type LogRoutes } from "./log-routes.ts";

/** What cells tell of builds, kept and shown. */
export function composeObservations(
  dependencies: LogRoutes & {
    readonly servers: { readonly api: ApiServer; readonly internal: ApiServer };
  },
  signedUrls: SignedUrls,
): BuildObservations {
  const { api, internal } = dependencies.servers;
  const observations = new BuildObservations(dependencies);
  registerObservationIntake(internal, { signedUrls, observations });
  registerBuildLog(api, dependencies);
  registerBuildInsight(api, dependencies);
  return observations;
}
