import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { writePrivateFile } from "./platform-state.ts";

/**
 * `DATA/rivera.json`, mode 0600: written once the platform is ready, removed at a clean stop. Every address is
 * `http://127.0.0.1:PORT...`, so it works with no name resolution.
 */
const riveraJsonSchema = z.object({
  api: z.string(),
  uaa: z.string(),
  logCache: z.string(),
  router: z.string(),
  web: z.string().optional(),
  admin: z.object({ username: z.string(), password: z.string() }),
  adminClient: z.object({ id: z.string(), secret: z.string() }).optional(),
  pid: z.number().int(),
});

export type RiveraJson = z.infer<typeof riveraJsonSchema>;

export function writeRiveraJson(dataDir: string, content: RiveraJson): Disposable {
  rewriteRiveraJson(dataDir, content);
  return {
    [Symbol.dispose]() {
      rmSync(path.join(dataDir, "rivera.json"), { force: true });
    },
  };
}

/** Of a platform that runs, where something in it has changed. */
export function rewriteRiveraJson(dataDir: string, content: RiveraJson): void {
  writePrivateFile(path.join(dataDir, "rivera.json"), `${JSON.stringify(content, null, 2)}\n`);
}

/** Undefined where no platform is ready on that folder (or none that stopped cleanly was ever there). */
export function readRiveraJson(dataDir: string): RiveraJson | undefined {
  try {
    const text = readFileSync(path.join(dataDir, "rivera.json"), "utf8");
    return riveraJsonSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
