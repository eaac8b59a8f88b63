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

/**
 * The build, at the latest after 20 s. To ask for the wait says that this client knows of held answers and reads the
 * rest of the staging log itself, so that the final state need not be kept back for it.
 */
export async function getBuild(cc: CloudController, guid: string): Promise<Build> {
  return await cc.get(`/v3/builds/${guid}`, buildSchema, { prefer: "wait=20" });
}
