import { parentPort, workerData } from "node:worker_threads";
import path from "node:path";
import { z } from "zod/mini";
import { sha1OfFile } from "./hash-content.ts";

const { root, files } = z
  .object({ root: z.string(), files: z.array(z.object({ path: z.string(), size: z.number() })) })
  .parse(workerData);

parentPort?.postMessage(files.map((file) => sha1OfFile(path.join(root, file.path), file.size)));
