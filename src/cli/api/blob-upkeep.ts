import { z } from "zod";
import type { CloudController } from "./cloud-controller.ts";

export const checkedKinds = ["packages", "droplets", "buildpacks", "packs"] as const;

const faultSchema = z.object({
  kind: z.string(),
  guid: z.string(),
  bucket: z.string(),
  path: z.string(),
  fault: z.enum(["missing", "corrupt"]),
});

const rowsSchema = z.object({
  checked: z.number(),
  faults: z.array(faultSchema),
  next: z.string().nullable(),
});

const orphansSchema = z.object({
  checked: z.number(),
  orphans: z.array(z.object({ bucket: z.string(), path: z.string(), size: z.number() })),
});

export interface BlobReport {
  readonly rows: readonly { readonly kind: string; readonly count: number }[];
  readonly faults: readonly z.infer<typeof faultSchema>[];
  /** How many blobs were looked at. */
  readonly blobs: number;
  readonly orphans: z.infer<typeof orphansSchema>["orphans"];
  readonly removed: boolean;
}

/** Goes through the rows of those kinds and through all blobs, a bounded part a request. */
export async function checkBlobs(
  cc: CloudController,
  options: {
    readonly kinds: readonly string[];
    readonly content: boolean;
    readonly graceSeconds: number;
    readonly remove: boolean;
  },
): Promise<BlobReport> {
  const rows: { kind: string; count: number }[] = [];
  const faults: z.infer<typeof faultSchema>[] = [];
  for (const kind of options.kinds) {
    let count = 0;
    for (let after: string | null = ""; after !== null;) {
      const query = new URLSearchParams({ kind, after, content: String(options.content) });
      const page: z.infer<typeof rowsSchema> = await cc.get(
        `/rivera/v1/blob_rows?${query.toString()}`,
        rowsSchema,
      );
      count += page.checked;
      faults.push(...page.faults);
      after = page.next;
    }
    rows.push({ kind, count });
  }
  return { rows, faults, ...(await lookForOrphans(cc, options)), removed: options.remove };
}

async function lookForOrphans(
  cc: CloudController,
  { graceSeconds, remove }: { readonly graceSeconds: number; readonly remove: boolean },
): Promise<Pick<BlobReport, "blobs" | "orphans">> {
  const orphans: z.infer<typeof orphansSchema>["orphans"] = [];
  let blobs = 0;
  for (let byte = 0; byte < 256; byte += 1) {
    const folder = byte.toString(16).padStart(2, "0");
    const path = `/rivera/v1/orphaned_blobs?folder=${folder}&grace=${graceSeconds}`;
    const part = await cc.send(remove ? "DELETE" : "GET", path, orphansSchema, {});
    blobs += part.checked;
    orphans.push(...part.orphans);
  }
  return { blobs, orphans };
}
