import os from "node:os";
import path from "node:path";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { bundleProgram, client, isBundled, platform } from "./program-bundle.ts";

// Bundles the programs of this installation, where their bundles are not up to date: a process of its own, since esbuild's memory goes with it.
// The first push comes first.
os.setPriority(os.constants.priority.PRIORITY_LOW);
const root = path.resolve(import.meta.dirname, "../..");
for (const program of [client, platform]) {
  if (!isBundled(root, program)) await bundleProgram(root, program, systemClock);
}
