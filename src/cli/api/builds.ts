import { z } from "zod";
import { isUnprocessable } from "./api-error.ts";
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

/** Ends what is being staged of the app, by an endpoint that only Rivera has. */
export async function cancelStagings(cc: CloudController, appGuid: string): Promise<void> {
  const query = { app_guids: appGuid, states: "STAGING" };
  for (const { guid } of await cc.list("/v3/builds", buildSchema, query)) {
    try {
      await cc.post(`/rivera/v1/builds/${guid}/cancel`, {}, buildSchema);
    } catch (error) {
      // It has ended by itself.
      if (!isUnprocessable(error, /cannot be canceled/)) throw error;
    }
  }
}
