import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";

// See `background-checkpoints.ts`. Passive: it waits for nobody and nobody waits for it; what a reader or another
// checkpoint is in the way of stays for the next one.
const database = new DatabaseSync(String(workerData));

parentPort?.on("message", () => {
  try {
    database.exec("PRAGMA wal_checkpoint(PASSIVE)");
  } catch {
    // A full disk, say: the writes that it is too full for tell it, and the log keeps all until then.
  }
  parentPort?.postMessage("done");
});
