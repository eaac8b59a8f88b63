import { mkdirSync } from "node:fs";
import path from "node:path";

/** Where this Rivera itself lies: `src`, `node_modules`, `buildpacks`. */
export const installation = path.resolve(import.meta.dirname, "../..");

/** The data folder, by what lies in it. */
export interface PlatformPaths {
  database(component: "cloud-controller" | "uaa" | "bbs"): string;
  cell(index: number): string;
  readonly blobs: string;
  readonly work: string;
  /** For files on their way from one component to another. */
  readonly handover: string;
  readonly cache: string;
  readonly stacks: string;
  readonly toolchains: string;
}

/** Folders that containers' bundles lie below must let "others" pass: their root is an unprivileged user of the host. */
export function platformPaths(dataDir: string): PlatformPaths {
  const folder = (name: string, mode: number) => {
    const directory = path.join(dataDir, name);
    mkdirSync(directory, { recursive: true, mode });
    return directory;
  };
  const databases = folder("db", 0o700);
  const cells = folder("cells", 0o711);
  return {
    database: (component) => path.join(databases, `${component}.sqlite`),
    cell: (index) => path.join(cells, `cell-${index + 1}`),
    blobs: folder("blobs", 0o700),
    work: folder("work", 0o700),
    handover: folder("handover", 0o700),
    cache: folder("cache", 0o711),
    stacks: folder("stacks", 0o711),
    toolchains: folder("toolchains", 0o711),
  };
}
