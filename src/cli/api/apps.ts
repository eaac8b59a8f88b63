import { z } from "zod";
import { Failure } from "../failure.ts";
import type { CloudController } from "./cloud-controller.ts";
import { jobOf, type JobUrl } from "./jobs.ts";

const appSchema = z.object({
  guid: z.string(),
  name: z.string(),
  state: z.string(),
  lifecycle: z.object({ type: z.string() }).optional(),
});

export type App = z.infer<typeof appSchema>;

export async function findApps(
  cc: CloudController,
  names: readonly string[],
  spaceGuid: string,
): Promise<App[]> {
  return await cc.list("/v3/apps", appSchema, { names, space_guids: spaceGuid });
}

/** The app of that name; a `Failure` says that there is none. */
export async function getAppByName(
  cc: CloudController,
  name: string,
  spaceGuid: string,
): Promise<App> {
  const [app] = await findApps(cc, [name], spaceGuid);
  if (app === undefined) throw new AppNotFound(name);
  return app;
}

export class AppNotFound extends Failure {
  constructor(name: string) {
    super(`App '${name}' not found.`);
    this.name = "AppNotFound";
  }
}

export async function listAppsOfSpace(
  cc: CloudController,
  spaceGuid: string,
  labels: string | undefined,
): Promise<App[]> {
  return await cc.list("/v3/apps", appSchema, {
    space_guids: spaceGuid,
    order_by: "name",
    per_page: "5000",
    label_selector: labels,
  });
}

export async function listAppsByGuid(
  cc: CloudController,
  guids: readonly string[],
): Promise<App[]> {
  return await cc.list("/v3/apps", appSchema, { guids });
}

export async function startApp(cc: CloudController, guid: string): Promise<void> {
  await cc.call("POST", `/v3/apps/${guid}/actions/start`);
}

export async function stopApp(cc: CloudController, guid: string): Promise<void> {
  await cc.call("POST", `/v3/apps/${guid}/actions/stop`);
}

export async function restartApp(cc: CloudController, guid: string): Promise<void> {
  await cc.call("POST", `/v3/apps/${guid}/actions/restart`);
}

export async function deleteApp(cc: CloudController, guid: string): Promise<JobUrl | undefined> {
  return jobOf(await cc.call("DELETE", `/v3/apps/${guid}`));
}

const environmentVariables = z.record(z.string(), z.unknown()).default({});

const environmentSchema = z.object({
  system_env_json: environmentVariables,
  application_env_json: environmentVariables,
  environment_variables: environmentVariables,
  running_env_json: environmentVariables,
  staging_env_json: environmentVariables,
});

export type AppEnvironment = z.infer<typeof environmentSchema>;

export async function getEnvironment(cc: CloudController, guid: string): Promise<AppEnvironment> {
  return await cc.get(`/v3/apps/${guid}/env`, environmentSchema);
}

/** Sets variables; null removes one. */
export async function patchEnvironment(
  cc: CloudController,
  guid: string,
  variables: Readonly<Record<string, string | null>>,
): Promise<void> {
  await cc.patch(`/v3/apps/${guid}/environment_variables`, { var: variables }, z.unknown());
}
