// For tests of the buildpacks that we ship: a folder with all of them in place, in the order of a new platform.
import path from "node:path";
import { detectionOrder } from "#cloud-controller/buildpacks/detection-order.ts";
import { StagingFolder } from "../staging-folder.ts";

export const buildpacksDir = path.resolve("buildpacks");
export const examplesDir = path.resolve("examples");

/** Proxies, certificates and registries of the machine, as the platform hands them to stagings. */
export const network: Readonly<Record<string, string>> = Object.fromEntries(
  // The machine's network is what these tests run on.
  // oxlint-disable-next-line node/no-process-env
  Object.entries(process.env).flatMap(([name, value]) =>
    value !== undefined && isAboutNetwork(name) ? [[name, value]] : [],
  ),
);

function isAboutNetwork(name: string): boolean {
  return /^(https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|npm_config_(registry|cafile)|PIP_(CERT|INDEX_URL))$/i.test(
    name,
  );
}

export async function folderWithShippedBuildpacks(): Promise<StagingFolder> {
  const folder = await StagingFolder.create();
  for (const name of detectionOrder) {
    await folder.buildpackFolder(name, path.join(buildpacksDir, name));
  }
  return folder;
}
