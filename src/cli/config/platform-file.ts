import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";

const platformSchema = z.looseObject({
  api: z.url(),
  admin: z.looseObject({ username: z.string(), password: z.string() }),
});

export type PlatformFile = z.infer<typeof platformSchema>;

/** Where a platform of this machine says how to reach it: `DIR/rivera.json`; undefined where there is none. */
export async function readPlatformFile(dataFolder: string): Promise<PlatformFile | undefined> {
  try {
    const text = await readFile(path.join(dataFolder, "rivera.json"), "utf8");
    return platformSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
