import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { isBuildpackUri } from "#cloud-controller/buildpacks/buildpack-uri.ts";
import { detectionOrder } from "#cloud-controller/buildpacks/detection-order.ts";
import { Failure } from "#cli/failure.ts";

/** Where a buildpack comes from; `name` is what the log calls it. */
export type BuildpackSource =
  | { readonly kind: "folder"; readonly name: string; readonly path: string }
  | { readonly kind: "zip"; readonly name: string; readonly path: string }
  /** Fetched by the builder itself, as in a push. */
  | { readonly kind: "url"; readonly url: string };

export interface BuildpackLookup {
  readonly workingFolder: string;
  /** Holds a folder for each buildpack that comes with Rivera. */
  readonly shippedDirectory: string;
}

/** Those that a platform is installed with, in the order of detection. */
export function shippedBuildpacks({
  shippedDirectory,
}: Pick<BuildpackLookup, "shippedDirectory">): BuildpackSource[] {
  return detectionOrder
    .map((name) => ({ kind: "folder" as const, name, path: path.join(shippedDirectory, name) }))
    .filter((source) => existsSync(source.path));
}

/** What `-b` names: a URL, a folder, a zip, or a buildpack that comes with Rivera. A path wins over a name. */
export function findBuildpack(asked: string, lookup: BuildpackLookup): BuildpackSource {
  if (isBuildpackUri(asked)) return { kind: "url", url: asked };
  const file = path.resolve(lookup.workingFolder, asked);
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) return ofFolder(asked, file);
  if (stats?.isFile() === true) return { kind: "zip", name: nameOf(file), path: file };
  const shipped = shippedBuildpacks(lookup).find(
    (source) => "name" in source && source.name === asked,
  );
  if (shipped !== undefined) return shipped;
  const names = shippedBuildpacks(lookup).flatMap((source) =>
    "name" in source ? source.name : [],
  );
  throw new Failure(
    `'${asked}' is no buildpack: it is neither a folder, nor a zip file, nor a URL, nor one of ${names.join(", ")}`,
  );
}

/** What the lifecycle asks of a buildpack before it runs it (src/buildpack-lifecycle/builder). */
function ofFolder(asked: string, folder: string): BuildpackSource {
  const programs = ["supply", "finalize", "compile"].map((name) => path.join(folder, "bin", name));
  if (!existsSync(path.join(folder, "bin"))) {
    throw new Failure(`'${asked}' is no buildpack: it has no folder 'bin'`);
  }
  if (!programs.some((program) => existsSync(program))) {
    throw new Failure(
      `'${asked}' is no buildpack: its folder 'bin' holds none of supply, finalize and compile`,
    );
  }
  return { kind: "folder", name: nameOf(folder), path: folder };
}

function nameOf(file: string): string {
  return path.basename(file).replace(/\.zip$/i, "");
}
