import { completeJob } from "../actors/job-completion.ts";
import { requireSpace } from "../actors/target-check.ts";
import { isNotFound } from "../api/api-error.ts";
import { AppNotFound, deleteApp, getAppByName } from "../api/apps.ts";
import { deleteRoute, listRoutesOfApp } from "../api/routes.ts";
import { Failure } from "../failure.ts";
import type { Session } from "../session.ts";
import type { Command } from "./command.ts";

export const deleteCommand: Command = {
  usage: "rivera delete APP_NAME [-r] [-f]",
  arguments: [{ name: "APP_NAME" }],
  flags: [
    { short: "f", description: "Force deletion without confirmation" },
    { short: "r", description: "Also delete any mapped routes" },
  ],
  seeAlso: ["apps", "scale", "stop"],
  async run(session, input) {
    const { ui } = session;
    const { user, organization, space } = requireSpace(session.config);
    const name = input.argument("APP_NAME");
    const withRoutes = input.has("r");
    if (!input.has("f") && !(await confirm(session, name, withRoutes))) {
      ui.text(`App '${name}' has not been deleted.`);
      return;
    }
    ui.text(
      ui.flavor`Deleting app ${name} in org ${organization.name} / space ${space.name} as ${user.name}...`,
    );
    try {
      await deleteAppAndRoutes(session, name, { spaceGuid: space.guid, withRoutes });
    } catch (error) {
      if (!(error instanceof AppNotFound)) throw error;
      ui.warning(`App '${name}' does not exist.`);
    }
    ui.ok();
  },
};

async function confirm(session: Session, name: string, withRoutes: boolean): Promise<boolean> {
  if (!withRoutes) return await session.prompts.yesNo(`Really delete the app ${name}?`);
  session.ui.text(
    "Deleting the app and associated routes will make apps with this route, in any org, unreachable.",
  );
  return await session.prompts.yesNo(`Really delete the app ${name} and associated routes?`);
}

async function deleteAppAndRoutes(
  session: Session,
  name: string,
  options: { readonly spaceGuid: string; readonly withRoutes: boolean },
): Promise<void> {
  const cc = await session.cloudController();
  const app = await getAppByName(cc, name, options.spaceGuid);
  const routes = options.withRoutes ? await listRoutesOfApp(cc, app.guid) : [];
  for (const route of routes) {
    if (route.destinations.some((destination) => destination.app.guid !== app.guid)) {
      throw new Failure(
        `App '${name}' was not deleted because route '${route.url}' is mapped to more than one app.`,
        {
          tip: `\nTIP: Run 'rivera delete ${name}' to delete the app and 'rivera delete-route' to delete the route.`,
        },
      );
    }
  }
  await completeJob(cc, await deleteApp(cc, app.guid), session);
  for (const route of routes) {
    try {
      await completeJob(cc, await deleteRoute(cc, route.guid), session);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
