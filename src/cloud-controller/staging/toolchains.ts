import { z } from "zod";
import { toolchainNamePattern } from "#diego/models/root-fs.ts";
import { buildpackGuid } from "../buildpacks/buildpack-table.ts";
import type { BuildpackList } from "../buildpacks/resolve-buildpacks.ts";
import { CfError } from "../http/cf-errors.ts";
import { layerVariables, type Variables } from "./environment.ts";

/** By it an app or the staging environment group asks for toolchains that no buildpack of the list asks for. */
const variable = "RIVERA_TOOLCHAINS";

const names = z.array(z.string());
const stagingSchema = z.object({
  /** Whatever buildpack the app turns out to need. */
  always: names,
  /** What the buildpacks ask for, by their guids. */
  byBuildpack: z.record(z.string(), names),
});

/** What a staging is given: as long as nothing is detected, what any of its buildpacks may need. */
export type StagingToolchains = Readonly<z.infer<typeof stagingSchema>>;

/** @throws 400 where the variable is no list of names */
export function stagingToolchains(list: BuildpackList, environment: Variables): StagingToolchains {
  const byBuildpack: Record<string, readonly string[]> = {};
  for (const entry of list.entries) {
    if (entry.kind !== "admin" || entry.buildpack.toolchains === null) continue;
    byBuildpack[entry.buildpack.guid] = toToolchains(entry.buildpack.toolchains) ?? [];
  }
  return stagingSchema.parse({ always: askedFor(environment), byBuildpack });
}

/** Names in the variable. @throws 400 where it is no list of them */
export function askedFor(environment: Variables): string[] {
  const asked = layerVariables(environment).find(({ name }) => name === variable);
  const list = (asked?.value ?? "").split(/[\s,]+/).filter((name) => name !== "");
  const wrong = list.find((name) => !toolchainNamePattern.test(name));
  if (wrong === undefined) return list;
  throw new CfError(
    "StagingError",
    `Staging error: ${variable}: "${wrong}" is no toolchain's name`,
  );
}

/** All that the containers of the staging get. */
export function allOf({ always, byBuildpack }: StagingToolchains): readonly string[] {
  return union([always, ...Object.values(byBuildpack)]);
}

/** What the droplet's containers get: only what the buildpacks that made it have asked for. */
export function toolchainsOfDroplet(
  { always, byBuildpack }: StagingToolchains,
  usedKeys: readonly string[],
): readonly string[] {
  return union([always, ...usedKeys.map((key) => byBuildpack[buildpackGuid(key)] ?? [])]);
}

function union(lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())].toSorted();
}

/** Of the column of a buildpack or a droplet. */
export function toToolchains(column: string | null): readonly string[] | undefined {
  return column === null ? undefined : names.parse(JSON.parse(column));
}

/** Of a build's column; a build from before asked for nothing by name. */
export function toStagingToolchains(column: string | null): StagingToolchains | undefined {
  return column === null ? undefined : stagingSchema.parse(JSON.parse(column));
}
