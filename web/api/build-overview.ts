import * as z from "zod/mini";
import type { PlatformApi } from "./platform-api.ts";
import { buildSchema, dropletSchema, type Build, type Droplet } from "./records.ts";

export interface BuildOverview {
  readonly build: Build;
  readonly app: { readonly guid: string; readonly name: string } | undefined;
}

const namedSchema = z.object({ guid: z.string(), name: z.string() });

/** The answer is held while the build is STAGING, until it ends. */
export async function loadBuild(
  api: PlatformApi,
  guid: string,
  known: BuildOverview | undefined,
  signal: AbortSignal,
): Promise<BuildOverview> {
  const mayWait = known?.build.state === "STAGING";
  const build = await api.get(`v3/builds/${guid}`, buildSchema, { signal, mayWait });
  const app = build.relationships.app.data?.guid;
  const named =
    known?.app ??
    (app === undefined ? undefined : await api.get(`v3/apps/${app}`, namedSchema, { signal }));
  return { build, app: named };
}

export async function loadDroplet(
  api: PlatformApi,
  guid: string,
  signal: AbortSignal,
): Promise<Droplet> {
  return await api.get(`v3/droplets/${guid}`, dropletSchema, { signal });
}
