import { stat } from "node:fs/promises";
import { findApps, type App } from "../api/apps.ts";
import type { CloudController } from "../api/cloud-controller.ts";
import { FileMatcher } from "../api/resource-matches.ts";
import { scanArchive } from "../app-files/app-archive.ts";
import type { AppFile, AppSource } from "../app-files/app-file.ts";
import { scanFolder, type ScanOptions } from "../app-files/scan-folder.ts";
import { Failure } from "../failure.ts";
import type { Manifest, ManifestApplication } from "../manifest/manifest.ts";

/** What one app of the push is made from. */
export type PushContent =
  | { readonly kind: "bits"; readonly source: AppSource; readonly matcher: FileMatcher }
  | { readonly kind: "docker"; readonly image: string; readonly username: string | undefined }
  | { readonly kind: "droplet"; readonly file: string };

export interface PushPlan {
  readonly app: App;
  readonly content: PushContent;
}

export interface PlanOptions {
  readonly spaceGuid: string;
  readonly workingFolder: string;
  readonly dropletPath: string | undefined;
  readonly scan: ScanOptions;
}

/** Finds the apps that the manifest has made and reads the files of all of them, before anything is uploaded. */
export async function planPushes(
  cc: CloudController,
  manifest: Manifest,
  options: PlanOptions,
): Promise<PushPlan[]> {
  const names = manifest.applications.map(({ name }) => name ?? "");
  const apps = new Map(
    (await findApps(cc, names, options.spaceGuid)).map((app) => [app.name, app]),
  );
  const plans: PushPlan[] = [];
  for (const application of manifest.applications) {
    const app = apps.get(application.name ?? "");
    if (app === undefined) throw new Failure("One or more applications were not found.");
    plans.push({ app, content: await contentOf(cc, application, options) });
  }
  return plans;
}

async function contentOf(
  cc: CloudController,
  application: ManifestApplication,
  options: PlanOptions,
): Promise<PushContent> {
  if (options.dropletPath !== undefined) return { kind: "droplet", file: options.dropletPath };
  const { docker } = application;
  if (docker?.image) {
    return { kind: "docker", image: docker.image, username: docker.username ?? undefined };
  }
  const root = application.path || options.workingFolder;
  const isArchive = !(await stat(root)).isDirectory();
  const matcher = new FileMatcher(cc);
  const onHashed = (file: AppFile) => matcher.add(file);
  if (!isArchive) {
    const files = await scanFolder(root, { ...options.scan, onHashed });
    return { kind: "bits", source: { root, isArchive, files }, matcher };
  }
  const files = await scanArchive(root);
  for (const file of files) onHashed(file);
  return { kind: "bits", source: { root, isArchive, files }, matcher };
}
