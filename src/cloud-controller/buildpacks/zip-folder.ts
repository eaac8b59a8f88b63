import { closeSync, openSync } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import path from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { ZipWriter } from "../packages/zip/zip-writer.ts";

/** 1980-01-01, the first day that a zip can name. */
const fixedTime = 0x00210000;

/**
 * Zips a folder so that equal content gives equal bytes: names in order, times fixed, modes reduced to whether a file
 * may be executed. For folders of a few small files.
 */
export async function zipFolder(folder: string, target: string): Promise<void> {
  const names = await filesBelow(folder, "");
  const out = openSync(target, "wx");
  try {
    const writer = new ZipWriter(out);
    for (const name of names.toSorted()) {
      const file = path.join(folder, name);
      const info = await lstat(file);
      const isLink = info.isSymbolicLink();
      const content = isLink ? Buffer.from(await readlink(file)) : await readFile(file);
      const compressed = deflateRawSync(content);
      writer.add({
        name,
        kind: isLink ? "symlink" : "file",
        mode: (info.mode & 0o100) === 0 ? 0o644 : 0o755,
        method: 8,
        crc32: crc32(content),
        compressedSize: compressed.length,
        size: content.length,
        modified: fixedTime,
        source: compressed,
      });
    }
    writer.finish();
  } finally {
    closeSync(out);
  }
}

async function filesBelow(folder: string, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await readdir(path.join(folder, prefix), { withFileTypes: true })) {
    const name = path.posix.join(prefix, entry.name);
    if (entry.isDirectory()) names.push(...(await filesBelow(folder, name)));
    else if (entry.isFile() || entry.isSymbolicLink()) names.push(name);
  }
  return names;
}
