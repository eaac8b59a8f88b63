// For tests of the buildpacks that we ship: a folder with all of them in place, in the order of a new platform.
import path from "node:path";
import { StagingFolder } from "../staging-folder.ts";

export const shippedOrder = [
  "staticfile_buildpack",
  "nodejs_buildpack",
  "python_buildpack",
  "binary_buildpack",
  "procfile_buildpack",
] as const;

export const buildpacksDir = path.resolve("buildpacks");
export const examplesDir = path.resolve("examples");

export async function folderWithShippedBuildpacks(): Promise<StagingFolder> {
  const folder = await StagingFolder.create();
  for (const name of shippedOrder) {
    await folder.buildpackFolder(name, path.join(buildpacksDir, name));
  }
  return folder;
}
