import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { StreamBody } from "../api/http-transport.ts";
import { packageFolder } from "../app-files/package-folder.ts";
import { scanFolder, type ScanOptions } from "../app-files/scan-folder.ts";
import { ZipWriter } from "../app-files/zip-writer.ts";
import { Failure } from "../failure.ts";

/** The folder as a zip, written to `target`; a file is taken for a zip as it is. */
export async function zipOf(
  source: string,
  target: string,
  options: ScanOptions,
): Promise<StreamBody> {
  const found = await stat(source).catch((error: unknown) => {
    throw new Failure(`There is no folder '${source}'.`, { cause: error });
  });
  if (!found.isDirectory()) return { length: found.size, open: () => createReadStream(source) };
  const files = await scanFolder(source, options);
  await using zip = await ZipWriter.create(target);
  await packageFolder(zip, source, files);
  const length = await zip.finish();
  return { length, open: () => createReadStream(target) };
}
