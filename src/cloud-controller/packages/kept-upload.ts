import { readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { AuthContext } from "../http/auth-context.ts";
import type { UploadResource } from "../resource-matches/messages.ts";

const fileName = "upload.json";

const schema = z.strictObject({
  packageGuid: z.string(),
  organizationGuid: z.string(),
  /** Of the received file, in the same directory; null where there are matched files alone. */
  bits: z.string().nullable(),
  resources: z.array(
    z.strictObject({ sha1: z.string(), size: z.number(), path: z.string(), mode: z.number() }),
  ),
  /** Who uploads: which files of others that may match is looked up anew. */
  caller: z.strictObject({
    userGuid: z.string(),
    isClient: z.boolean(),
    userName: z.string(),
    email: z.string(),
    origin: z.string(),
    scopes: z.array(z.string()),
    isAdmin: z.boolean(),
    isAdminReadOnly: z.boolean(),
    isGlobalAuditor: z.boolean(),
  }),
  /** How many processes have begun to make the package. */
  tries: z.number(),
});

/** What the next process needs beside the received file to go on with an upload. */
export interface KeptUpload extends Omit<z.infer<typeof schema>, "caller" | "resources"> {
  readonly resources: readonly UploadResource[];
  readonly caller: AuthContext;
}

/** Lays it beside the received file, whole or not at all. */
export async function keepUpload(directory: string, upload: KeptUpload): Promise<void> {
  const { resources, caller, ...others } = upload;
  const kept: z.infer<typeof schema> = {
    ...others,
    // A match may have found them already, in places that are not theirs for ever.
    resources: resources.map(({ sha1, size, path: name, mode }) => ({
      sha1,
      size,
      path: name,
      mode,
    })),
    caller: { ...caller, scopes: [...caller.scopes] },
  };
  const draft = path.join(directory, `${fileName}.draft`);
  await writeFile(draft, JSON.stringify(kept));
  await rename(draft, path.join(directory, fileName));
}

/** Undefined where nothing was kept, or nothing that this version can read. */
export async function readKeptUpload(directory: string): Promise<KeptUpload | undefined> {
  const text = await readFile(path.join(directory, fileName), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const { data } = schema.safeParse(parsed(text));
  return data && { ...data, caller: { ...data.caller, scopes: new Set(data.caller.scopes) } };
}

/** Takes away what a try has left beside what came. */
export async function clearTry(directory: string, { bits }: KeptUpload): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name === fileName || name === bits) continue;
    await rm(path.join(directory, name), { recursive: true, force: true });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
