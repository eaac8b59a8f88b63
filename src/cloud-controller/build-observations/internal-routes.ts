import { observationBatchSchema } from "#diego/models/observation.ts";
import { requireSignature } from "../blobs/blob-routes.ts";
import type { SignedUrls } from "../blobs/signed-urls.ts";
import { CfError } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import type { BuildObservations } from "./build-observations.ts";

/** Where a cell tells of a build, by the build's guid. */
export function observationPath(buildGuid: string): string {
  return `/internal/rivera/v1/builds/${buildGuid}/observation`;
}

/** A batch is a quarter of a megabyte of text, which JSON may write with six bytes for one. */
const bodyLimit = 4 * 1024 * 1024;

export function registerObservationIntake(
  internal: ApiServer,
  context: { readonly signedUrls: SignedUrls; readonly observations: BuildObservations },
): void {
  internal.post<{ Params: { guid: string } }>(
    observationPath(":guid"),
    { config: { signed: true }, onRequest: requireSignature(context.signedUrls), bodyLimit },
    async (request) => {
      const batch = observationBatchSchema.safeParse(request.body);
      if (!batch.success) throw new CfError("MessageParseError");
      return await context.observations.receive(request.params.guid, batch.data);
    },
  );
}
