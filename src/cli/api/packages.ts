import { z } from "zod";
import type { CloudController } from "./cloud-controller.ts";
import type { StreamBody } from "./http-transport.ts";
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

/** Sends the files that the platform lacks as a zip, none where it has them all, and names the ones it holds. */
export async function uploadBits(
  cc: CloudController,
  packageGuid: string,
  parts: {
    /** As `Matches` has them. */
    readonly resources: string;
    readonly bits: StreamBody | undefined;
  },
): Promise<Package> {
  const { body, contentType } = multipart([
    { name: "resources", value: parts.resources },
    ...(parts.bits === undefined
      ? []
      : [{ name: "bits", filename: "package.zip", content: parts.bits }]),
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
