import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { Worker } from "node:worker_threads";
import { BadArchive, zipToTar, type ZipToTarOptions } from "./zip-to-tar.ts";

// To start a thread takes as long as to inflate this much.
const threadFromBytes = 4 * 1024 * 1024;

export interface ZipToTarFile extends ZipToTarOptions {
  readonly zip: string;
  /** Written, or written over. */
  readonly tar: string;
}

/** What the thread has to say at its end. */
export type ZipToTarReply = { readonly kind: "done" | "bad" | "broken"; readonly message: string };

/** `zipToTar` into a file. A large one is made in a thread of its own, so that nobody else waits for its inflating. */
export async function zipToTarFile(request: ZipToTarFile): Promise<void> {
  const { size } = await stat(request.zip);
  if (size < threadFromBytes) await writeTarFile(request);
  else await writeInThread(request);
}

/** @throws BadArchive */
export async function writeTarFile({ zip, tar, ...options }: ZipToTarFile): Promise<void> {
  await pipeline(zipToTar(zip, options), createWriteStream(tar, { mode: 0o600 }));
}

async function writeInThread(request: ZipToTarFile): Promise<void> {
  const thread = new Worker(new URL("./zip-to-tar-thread.ts", import.meta.url), {
    workerData: request,
    // What it allocates is short-lived; the platform's own limit is for a heap that is idle.
    resourceLimits: { maxYoungGenerationSizeMb: 32 },
  });
  let reply: ZipToTarReply | undefined;
  thread.once("message", (message: ZipToTarReply) => {
    reply = message;
  });
  // Rejects with what the thread has not caught.
  await once(thread, "exit");
  if (reply?.kind === "done") return;
  if (reply?.kind === "bad") throw new BadArchive(reply.message);
  throw new Error(`Cannot read the zip: ${reply?.message ?? "the thread ended without an answer"}`);
}
