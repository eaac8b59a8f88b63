import { parentPort, workerData } from "node:worker_threads";
import { writeTarFile, type ZipToTarFile, type ZipToTarReply } from "./zip-to-tar-file.ts";
import { BadArchive } from "./zip-to-tar.ts";

async function reply(request: ZipToTarFile): Promise<ZipToTarReply> {
  try {
    await writeTarFile(request);
    return { kind: "done", message: "" };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: error instanceof BadArchive ? "bad" : "broken", message };
  }
}

// What started this thread is the only one to give it its data.
parentPort?.postMessage(await reply(workerData));
