import { readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";

/**
 * What the cell keeps of a container on disk, in the container's own folder. `init` is there once the container runs;
 * a record without it is half made and swept when the cell opens again.
 */
export const containerRecord = z.object({
  handle: z.string(),
  bootId: z.string(),
  address: z.string(),
  stack: z.string(),
  rootfs: z.string(),
  layers: z.array(z.string()),
  binds: z.array(z.string()),
  layerBytes: z.int(),
  properties: z.record(z.string(), z.string()),
  createdAt: z.string(),
  init: z.object({ pid: z.int(), startTime: z.string() }).optional(),
});

export type ContainerRecord = z.infer<typeof containerRecord>;

/** The folders outside of their own that containers are made of. */
export function foldersOf(records: readonly ContainerRecord[]): string[] {
  return records.flatMap(({ layers, binds }) => [...layers, ...binds]);
}

const fileName = "container.json";

export function writeRecord(dir: string, record: ContainerRecord): void {
  const file = path.join(dir, fileName);
  writeFileSync(`${file}.new`, JSON.stringify(record));
  renameSync(`${file}.new`, file);
}

export function readRecord<T extends ContainerRecord>(
  dir: string,
  schema: z.ZodType<T>,
): T | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(path.join(dir, fileName), "utf8")));
  } catch {
    // Absent, cut short by a power loss or of another version: the container cannot be used.
    return undefined;
  }
}
