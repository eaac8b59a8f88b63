import { z } from "zod";
import { getAppByName } from "../api/apps.ts";
import type { CloudController } from "../api/cloud-controller.ts";
import { Failure } from "../failure.ts";
import type { Session } from "../session.ts";
import { requireSpace, requireUser } from "./target-check.ts";

export const guidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The build of that guid, or the newest of the app of that name in the target space. */
export async function findBuildGuid(
  { config }: Pick<Session, "config">,
  cc: CloudController,
  guidOrApp: string,
): Promise<string> {
  requireUser(config);
  if (guidForm.test(guidOrApp)) return guidOrApp;
  const { space } = requireSpace(config);
  const app = await getAppByName(cc, guidOrApp, space.guid);
  const build = await cc.first(`/v3/apps/${app.guid}/builds`, z.object({ guid: z.string() }), {
    order_by: "-created_at",
  });
  if (build === undefined) throw new Failure(`App '${guidOrApp}' has never been staged.`);
  return build.guid;
}
