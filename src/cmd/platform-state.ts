import { createHmac, randomBytes } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";

/**
 * What the platform decides once, at its first start with a data folder, and keeps from then on: its secrets and the
 * ports that it took. `DATA/platform.json`, mode 0600.
 */
const platformStateSchema = z.strictObject({
  internalSecret: z.string().min(32),
  signingSecret: z.string().min(32),
  adminPassword: z.string().min(8),
  apiPort: z.number().int().min(0).max(65535),
  routerPort: z.number().int().min(0).max(65535),
  // What Diego has stored names them (callbacks, droplet URLs), so they stay.
  bbsPort: z.number().int().min(0).max(65535),
  cloudControllerPort: z.number().int().min(0).max(65535),
  /** The PostgreSQL that holds the rows; without it SQLite files in the data folder do. */
  databaseUrl: z.string().optional(),
  /** The S3 bucket that holds the blobs; without it the data folder does. */
  blobstoreUrl: z.string().optional(),
});

export type PlatformState = z.infer<typeof platformStateSchema>;

/** @throws where the file is there and is not what we wrote: starting over would orphan everything stored. */
export function readPlatformState(dataDir: string): PlatformState | undefined {
  const file = path.join(dataDir, "platform.json");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  const parsed = platformStateSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new Error(
      `Cannot read "${file}": it is damaged. Restore it, or move the data folder away to start afresh`,
    );
  }
  return parsed.data;
}

/** The secret of UAA's client `admin`: told to operators, so it opens nothing but what that client may do. */
export function uaaAdminSecret({ internalSecret }: Pick<PlatformState, "internalSecret">): string {
  return createHmac("sha256", internalSecret).update("uaa client admin").digest("hex");
}

export type PlatformPorts = Pick<
  PlatformState,
  "apiPort" | "routerPort" | "bbsPort" | "cloudControllerPort"
>;

export function newPlatformState(ports: PlatformPorts): PlatformState {
  return {
    internalSecret: randomBytes(32).toString("hex"),
    signingSecret: randomBytes(32).toString("hex"),
    // Never a dash in front: `cf login -p` would read it as a flag.
    adminPassword: randomBytes(15).toString("base64").replaceAll(/[+/]/g, "x"),
    ...ports,
  };
}

export function writePlatformState(dataDir: string, state: PlatformState): void {
  writePrivateFile(path.join(dataDir, "platform.json"), `${JSON.stringify(state, null, 2)}\n`);
}

/** Whole or not at all, also after a power cut; readable by the owner only. */
export function writePrivateFile(file: string, content: string): void {
  // Flushed before it is renamed: not every file system keeps that order, and an empty file would be all secrets lost.
  writeFileSync(`${file}.tmp`, content, { mode: 0o600, flush: true });
  renameSync(`${file}.tmp`, file);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
