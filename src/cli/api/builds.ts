import { z } from "zod";
import type { CloudController } from "./cloud-controller.ts";

const buildSchema = z.object({
  guid: z.string(),
  state: z.string(),
  error: z.string().nullish(),
  droplet: z.object({ guid: z.string() }).nullish(),
});

export type Build = z.infer<typeof buildSchema>;

export async function createBuild(cc: CloudController, packageGuid: string): Promise<Build> {
  return await cc.post("/v3/builds", { package: { guid: packageGuid } }, buildSchema);
}

export async function getBuild(cc: CloudController, guid: string): Promise<Build> {
  return await cc.get(`/v3/builds/${guid}`, buildSchema);
}
