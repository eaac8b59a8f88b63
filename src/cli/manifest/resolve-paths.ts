import { realpath } from "node:fs/promises";
import path from "node:path";
import { Failure } from "../failure.ts";
import type { Manifest } from "./manifest.ts";

/** The manifest with every `path` absolute, seen from the manifest's own folder, and without symbolic links. */
export async function resolveAppPaths(manifest: Manifest): Promise<Manifest> {
  const folder = path.dirname(manifest.file ?? "");
  const applications = await Promise.all(
    manifest.applications.map(async (application) => {
      if ((application.path ?? "") === "") return application;
      const found = path.resolve(folder, application.path ?? "");
      return { ...application, path: await realPath(found) };
    }),
  );
  return { ...manifest, applications };
}

async function realPath(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    throw new Failure(`File not found locally, make sure the file exists at given path ${file}`, {
      cause: error,
    });
  }
}
