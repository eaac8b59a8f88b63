import { z } from "zod";
import type { CloudController } from "./cloud-controller.ts";
import type { Matches } from "./resource-matches.ts";
import type { StreamBody } from "./http-transport.ts";
import { ApiError } from "./api-error.ts";
import { multipart } from "./multipart.ts";

const packageSchema = z.object({
  guid: z.string(),
  state: z.string(),
  data: z.object({ error: z.string().nullish() }).nullish(),
});

export type Package = z.infer<typeof packageSchema>;

export async function createBitsPackage(cc: CloudController, appGuid: string): Promise<Package> {
  const relationships = { app: { data: { guid: appGuid } } };
  return await cc.post("/v3/packages", { type: "bits", relationships }, packageSchema);
}

export async function createDockerPackage(
  cc: CloudController,
  appGuid: string,
  image: { readonly image: string; readonly username?: string; readonly password?: string },
): Promise<Package> {
  const relationships = { app: { data: { guid: appGuid } } };
  return await cc.post(
    "/v3/packages",
    { type: "docker", relationships, data: image },
    packageSchema,
  );
}

/** The platform does not remember a match that an upload refers to. */
const forgotten = "Resources refer to a match that is not known";

/** Sends the files that the platform lacks as a zip, none where it has them all, and names the ones it holds. */
export async function uploadBits(
  cc: CloudController,
  packageGuid: string,
  { matches, bits }: { readonly matches: Matches; readonly bits: StreamBody | undefined },
): Promise<Package> {
  const { resources, listed } = matches;
  try {
    return await upload(cc, packageGuid, { resources, bits });
  } catch (error) {
    // After a restart of the platform, or a while.
    if (!(error instanceof ApiError) || error.detail !== forgotten) throw error;
    return await upload(cc, packageGuid, { resources: listed, bits });
  }
}

async function upload(
  cc: CloudController,
  packageGuid: string,
  { resources, bits }: { readonly resources: string; readonly bits: StreamBody | undefined },
): Promise<Package> {
  const { body, contentType } = multipart([
    { name: "resources", value: resources },
    ...(bits === undefined ? [] : [{ name: "bits", filename: "package.zip", content: bits }]),
  ]);
  const path = `/v3/packages/${packageGuid}/upload`;
  return await cc.send("POST", path, packageSchema, { body, contentType });
}

export async function getPackage(cc: CloudController, guid: string): Promise<Package> {
  return await cc.get(`/v3/packages/${guid}`, packageSchema);
}

export async function newestPackage(
  cc: CloudController,
  appGuid: string,
  states?: string,
): Promise<Package | undefined> {
  return await cc.first("/v3/packages", packageSchema, {
    app_guids: appGuid,
    states,
    order_by: "-created_at",
  });
}

/** The package, if it is one of that app. */
export async function findPackageOfApp(
  cc: CloudController,
  guid: string,
  appGuid: string,
): Promise<Package | undefined> {
  return await cc.first("/v3/packages", packageSchema, { guids: guid, app_guids: appGuid });
}
