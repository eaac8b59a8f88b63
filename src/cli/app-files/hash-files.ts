import { availableParallelism } from "node:os";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { cannotRead } from "../failure.ts";
import { sha1OfFile } from "./hash-content.ts";

interface Hashable {
  readonly path: string;
  readonly size: number;
}

/** Opening a file takes as long as hashing these bytes. */
const bytesPerFile = 20_000;
/** About a second's work. Below it threads cost more than they save: 15,000 files of 64 MB take a third of a second. */
const muchWork = 1_000_000_000;
const mostWorkers = 4;

/** SHA-1 in hex by path. Big trees are shared out between worker threads, so that Ctrl-C is heard meanwhile. */
export async function hashFiles(
  root: string,
  files: readonly Hashable[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const work = files.reduce((sum, file) => sum + file.size + bytesPerFile, 0);
  if (work < muchWork) {
    return new Map(files.map((file) => [file.path, hashOrExplain(root, file)]));
  }
  const shares = shareOut(files, Math.min(mostWorkers, availableParallelism()));
  const results = await Promise.all(shares.map((share) => hashInWorker(root, share, signal)));
  return new Map(results.flat());
}

function hashOrExplain(root: string, file: Hashable): string {
  try {
    return sha1OfFile(path.join(root, file.path), file.size);
  } catch (error) {
    throw cannotRead(error);
  }
}

/** Shares of about equal work: bytes, and a constant for opening a file. */
export function shareOut(files: readonly Hashable[], count: number): Hashable[][] {
  const shares = Array.from({ length: count }, () => ({ work: 0, files: new Array<Hashable>() }));
  for (const file of files) {
    const least = shares.reduce((best, share) => (share.work < best.work ? share : best));
    least.files.push(file);
    least.work += file.size + bytesPerFile;
  }
  return shares.map((share) => share.files).filter((share) => share.length > 0);
}

async function hashInWorker(
  root: string,
  files: readonly Hashable[],
  signal: AbortSignal,
): Promise<[string, string][]> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<[string, string][]>();
  const worker = new Worker(new URL("./hash-worker.ts", import.meta.url), {
    workerData: { root, files: files.map(({ path: name, size }) => ({ path: name, size })) },
  });
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  worker.once("message", (hashes: readonly string[]) => {
    resolve(files.map((file, index) => [file.path, hashes[index] ?? ""]));
  });
  worker.once("error", (error) => reject(cannotRead(error)));
  worker.once("exit", (code) => reject(new Error(`A hashing thread ended early with ${code}`)));
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    await worker.terminate();
  }
}
