import type { Readable } from "node:stream";
import { z } from "zod";
import { Failure } from "../failure.ts";
import { ApiError, isNotFound } from "./api-error.ts";
import type { CloudController } from "./cloud-controller.ts";
import type { StreamBody } from "./http-transport.ts";
import { jobOf, type JobUrl } from "./jobs.ts";
import { multipart } from "./multipart.ts";

const dropletSchema = z.object({
  guid: z.string(),
  state: z.string(),
  created_at: z.string().default(""),
  stack: z.string().nullish(),
  image: z.string().nullish(),
  checksum: z.object({ type: z.string(), value: z.string().nullish() }).nullish(),
  buildpacks: z
    .array(
      z.object({
        name: z.string().nullish(),
        version: z.string().nullish(),
        detect_output: z.string().nullish(),
        buildpack_name: z.string().nullish(),
      }),
    )
    .nullish(),
});

export type Droplet = z.infer<typeof dropletSchema>;

export async function getDroplet(cc: CloudController, guid: string): Promise<Droplet> {
  return await cc.get(`/v3/droplets/${guid}`, dropletSchema);
}

/** What the app runs or would run; undefined before its first droplet. */
export async function getCurrentDroplet(
  cc: CloudController,
  appGuid: string,
): Promise<Droplet | undefined> {
  try {
    return await cc.get(`/v3/apps/${appGuid}/droplets/current`, dropletSchema);
  } catch (error) {
    if (isNotFound(error, "Droplet not found")) return undefined;
    throw error;
  }
}

export async function isStaged(cc: CloudController, packageGuid: string): Promise<boolean> {
  const path = `/v3/packages/${packageGuid}/droplets`;
  return (await cc.first(path, dropletSchema, { states: "STAGED" })) !== undefined;
}

export async function setCurrentDroplet(
  cc: CloudController,
  appGuid: string,
  dropletGuid: string,
): Promise<void> {
  try {
    const path = `/v3/apps/${appGuid}/relationships/current_droplet`;
    await cc.patch(path, { data: { guid: dropletGuid } }, z.unknown());
  } catch (error) {
    if (error instanceof ApiError && error.status === 422) {
      throw new Failure(`Unable to assign droplet: ${error.detail}`, { cause: error });
    }
    throw error;
  }
}

/** The archive as it was staged or uploaded, gzipped. */
export async function downloadDroplet(cc: CloudController, guid: string): Promise<Readable> {
  return await cc.download(`/v3/droplets/${guid}/download`);
}

export async function createDroplet(cc: CloudController, appGuid: string): Promise<Droplet> {
  const body = { relationships: { app: { data: { guid: appGuid } } } };
  return await cc.post("/v3/droplets", body, dropletSchema);
}

export async function uploadDroplet(
  cc: CloudController,
  guid: string,
  file: { readonly filename: string; readonly content: StreamBody },
): Promise<JobUrl | undefined> {
  const { body, contentType } = multipart([{ name: "bits", ...file }]);
  return jobOf(await cc.call("POST", `/v3/droplets/${guid}/upload`, { body, contentType }));
}
