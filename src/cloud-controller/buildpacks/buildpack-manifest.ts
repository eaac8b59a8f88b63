import { closeSync, openSync } from "node:fs";
import { open } from "node:fs/promises";
import { parse } from "yaml";
import { z } from "zod";
import { toolchainNamePattern } from "#diego/models/root-fs.ts";
import { CfError } from "../http/cf-errors.ts";
import { InvalidZip } from "../packages/zip/invalid-zip.ts";
import { readContent } from "../packages/zip/zip-content.ts";
import { readZipDirectory } from "../packages/zip/zip-directory.ts";

const maximumManifestBytes = 1024 * 1024;
const maximumEntries = 200_000;
const manifestSchema = z.object({ stack: z.string().optional() });
/** Apart from the rest, which is Cloud Foundry's: what is wrong here is told, whatever the rest is like. */
const ourManifestSchema = z.object({
  rivera: z
    .object({ toolchains: z.array(z.string().regex(toolchainNamePattern)).max(50) })
    .optional(),
});

/** What Cloud Controller takes from the `manifest.yml` of a buildpack. */
interface Manifest {
  readonly stack?: string | undefined;
  readonly toolchains?: readonly string[] | undefined;
}

/** @throws 422 where the zip or its manifest cannot be read */
export async function readManifest(path: string): Promise<Manifest> {
  const fd = openSync(path, "r");
  try {
    const { entries } = readZipDirectory(fd, { maxEntries: maximumEntries });
    const entry = entries.find(({ name, kind }) => name === "manifest.yml" && kind === "file");
    if (entry === undefined || entry.size > maximumManifestBytes) return {};
    const { inMemory } = await readContent(fd, entry, await dataOffsetOf(path, entry));
    const manifest: unknown = parse(inMemory?.toString("utf8") ?? "");
    const ours = ourManifestSchema.safeParse(manifest ?? {});
    if (!ours.success) {
      throw new CfError(
        "BuildpackZipError",
        "Buildpack zip error: manifest.yml: rivera.toolchains must be a list of names, such as [node]",
      );
    }
    return {
      stack: manifestSchema.safeParse(manifest).data?.stack,
      toolchains: ours.data.rivera?.toolchains,
    };
  } catch (error) {
    if (!(error instanceof InvalidZip)) throw error;
    throw new CfError("BuildpackZipError", `Buildpack zip error: ${error.message}`, {
      cause: error,
    });
  } finally {
    closeSync(fd);
  }
}

/** Behind the local header, whose extra field has a length of its own. */
async function dataOffsetOf(
  path: string,
  entry: { readonly localHeaderOffset: number },
): Promise<number> {
  const file = await open(path, "r");
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, entry.localHeaderOffset + 26);
    const [name, extra] = [buffer.readUInt16LE(0), buffer.readUInt16LE(2)];
    return entry.localHeaderOffset + 30 + name + extra;
  } finally {
    await file.close();
  }
}
