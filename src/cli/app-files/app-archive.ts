import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { openPromise, type Entry, type ZipFile } from "yauzl";
import { Failure } from "../failure.ts";
import type { AppFile } from "./app-file.ts";
import { defaultIgnoreLines, IgnoreRules } from "./ignore-rules.ts";
import type { ZipWriter } from "./zip-writer.ts";

const linkType = 0o120000;
const typeBits = 0o170000;
const fileMode = 0o744;
const folderMode = 0o755;

/** Everything in the zip that its `.cfignore` does not leave out, with hashes. */
export async function scanArchive(archive: string): Promise<AppFile[]> {
  await using zip = await openArchive(archive);
  const ignore = new IgnoreRules([...defaultIgnoreLines, ...(await zip.cfignoreLines())]);
  const files: AppFile[] = [];
  for (const entry of zip.entries) {
    if (ignore.matches(entry.fileName)) continue;
    files.push(await describe(zip, entry));
  }
  if (files.length <= 1) throw new Failure(`No app files found in '${archive}'`);
  return files;
}

/** Copies those entries into the package, compressed as they are. */
export async function packageArchive(
  target: ZipWriter,
  archive: string,
  files: readonly AppFile[],
): Promise<void> {
  await using zip = await openArchive(archive);
  const wanted = new Map(files.map((file) => [file.path, file]));
  for (const entry of zip.entries) {
    const file = wanted.get(entryPath(entry));
    if (file === undefined) continue;
    const type = file.kind === "link" ? linkType : file.kind === "folder" ? 0o040000 : 0o100000;
    await target.add(
      { name: entry.fileName, mode: type | file.mode, modified: entry.getLastModDate() },
      {
        method: entry.compressionMethod === 8 ? "deflated" : "stored",
        crc: entry.crc32,
        size: entry.uncompressedSize,
        compressedSize: entry.compressedSize,
        bytes: entry.compressedSize === 0 ? [] : await zip.rawBytes(entry),
      },
    );
  }
}

async function describe(zip: OpenArchive, entry: Entry): Promise<AppFile> {
  const path = entryPath(entry);
  if (entry.fileName.endsWith("/"))
    return { path, kind: "folder", mode: folderMode, size: 0, sha1: "" };
  const unixMode = entry.externalFileAttributes >>> 16;
  if ((unixMode & typeBits) === linkType) {
    return { path, kind: "link", mode: unixMode & 0o777, size: 0, sha1: "" };
  }
  const digest = createHash("sha1");
  for await (const chunk of await zip.content(entry)) digest.update(chunk);
  return {
    path,
    kind: "file",
    mode: fileMode,
    size: entry.uncompressedSize,
    sha1: digest.digest("hex"),
  };
}

function entryPath(entry: Entry): string {
  return entry.fileName.replace(/\/$/, "");
}

interface OpenArchive extends AsyncDisposable {
  readonly entries: readonly Entry[];
  content(entry: Entry): Promise<Readable>;
  rawBytes(entry: Entry): Promise<Readable>;
  cfignoreLines(): Promise<string[]>;
}

async function openArchive(archive: string): Promise<OpenArchive> {
  const zip = await openPromise(archive, { autoClose: false }).catch((error: unknown) => {
    throw new Failure(`Cannot read '${archive}' as a zip file: ${String(error)}`, { cause: error });
  });
  const entries = await readEntries(zip);
  const content = async (entry: Entry) => await zip.openReadStreamPromise(entry);
  return {
    entries,
    content,
    rawBytes: async (entry) =>
      await zip.openReadStreamPromise(
        entry,
        entry.compressionMethod === 8 ? { decompress: false } : {},
      ),
    async cfignoreLines() {
      const entry = entries.find(({ fileName }) => fileName.endsWith(".cfignore"));
      if (entry === undefined) return [];
      const chunks = await (await content(entry)).toArray();
      return Buffer.concat(chunks).toString("utf8").split("\n");
    },
    async [Symbol.asyncDispose]() {
      zip.close();
    },
  };
}

async function readEntries(zip: ZipFile): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of zip.eachEntry()) entries.push(entry);
  return entries;
}
