import { closeSync, openSync } from "node:fs";
import {
  assemblePackage,
  cacheableFiles,
  inspectUpload,
  type ArchiveLimits,
  type AssembledPackage,
  type AssemblyRequest,
  type CacheableFile,
  type InspectedUpload,
} from "./assemble-package.ts";
import { AssemblyWorker, type AssemblyThreads } from "./assembly-worker.ts";
import { readZipDirectory } from "./zip-directory.ts";

/** Makes one package, in two steps; see `assemble-package.ts`. */
interface Assembly extends AsyncDisposable {
  inspect(path: string): Promise<readonly CacheableFile[]>;
  assemble(request: AssemblyRequest): Promise<AssembledPackage>;
}

const fewFiles = 200;
const fewBytes = 4 * 1024 * 1024;
const shortDirectoryBytes = 256 * 1024;

/** A thread may take longer to start than a small package to be made, and a large one would hold up every request. */
export function openAssembly(
  upload: {
    readonly bitsPath: string | undefined;
    readonly resources: readonly { readonly size: number }[];
  },
  limits: ArchiveLimits,
  threads: AssemblyThreads,
): Assembly {
  const isSmall =
    isLittle(upload.resources) &&
    (upload.bitsPath === undefined || isLittle(entriesOf(upload.bitsPath)));
  return isSmall ? new AssemblyHere(limits) : new AssemblyWorker(limits, threads);
}

function isLittle(files: readonly { readonly size: number }[] | undefined): boolean {
  return (
    files !== undefined &&
    files.length <= fewFiles &&
    files.reduce((sum, { size }) => sum + size, 0) <= fewBytes
  );
}

/**
 * With the sizes that they declare, beyond which nothing is inflated; compressed bytes can be many more. Undefined: too
 * many, or a bad zip.
 */
function entriesOf(path: string): readonly { readonly size: number }[] | undefined {
  const fd = openSync(path, "r");
  try {
    const limits = { maxEntries: fewFiles, maxDirectoryBytes: shortDirectoryBytes };
    return readZipDirectory(fd, limits).entries.map(({ size, compressedSize }) => ({
      size: Math.max(size, compressedSize),
    }));
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

class AssemblyHere implements Assembly {
  readonly #limits: ArchiveLimits;
  #upload: InspectedUpload | undefined;

  constructor(limits: ArchiveLimits) {
    this.#limits = limits;
  }

  async inspect(path: string): Promise<readonly CacheableFile[]> {
    this.#upload = await inspectUpload(path, this.#limits);
    return cacheableFiles(this.#upload, this.#limits);
  }

  async assemble(request: AssemblyRequest): Promise<AssembledPackage> {
    return await assemblePackage(this.#upload, request, this.#limits);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
