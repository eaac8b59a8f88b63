import { z } from "zod";
import type { CloudController } from "./cloud-controller.ts";
import type { StreamBody } from "./http-transport.ts";
import { multipart, type Part } from "./multipart.ts";

// Only Rivera goes on with a staging that has failed.

const buildOfAppSchema = z.object({
  guid: z.string(),
  state: z.string(),
  relationships: z.object({ app: z.object({ data: z.object({ guid: z.string() }) }) }),
});

/** The guid of the app whose build it is. */
export async function appOfBuild(cc: CloudController, buildGuid: string): Promise<string> {
  const build = await cc.get(`/v3/builds/${buildGuid}`, buildOfAppSchema);
  return build.relationships.app.data.guid;
}

const retrySchema = z.object({
  guid: z.string(),
  state: z.string(),
  metadata: z.object({
    annotations: z.object({ retry_from: z.string() }),
  }),
});

export type RetryBuild = z.infer<typeof retrySchema>;

/** A new build that goes on where that one failed; what is undefined stays as it was. */
export async function retryBuild(
  cc: CloudController,
  buildGuid: string,
  changes: {
    /** `supply:1`; undefined: the script that failed. */
    readonly from: string | undefined;
    /** Zips. */
    readonly buildpack: StreamBody | undefined;
    readonly files: StreamBody | undefined;
  },
): Promise<RetryBuild> {
  const parts: Part[] = changes.from === undefined ? [] : [{ name: "from", value: changes.from }];
  for (const name of ["buildpack", "files"] as const) {
    const content = changes[name];
    if (content !== undefined) parts.push({ name, filename: `${name}.zip`, content });
  }
  const path = `/rivera/v1/builds/${buildGuid}/retries`;
  if (parts.length === 0) return await cc.send("POST", path, retrySchema, {});
  const { body, contentType } = multipart(parts);
  return await cc.send("POST", path, retrySchema, { body, contentType });
}
