import os from "node:os";
import path from "node:path";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { bundleClient, isClientBundled } from "./client-bundle.ts";

// Bundles the client of this installation, where its bundle is not up to date: a process of its own, since esbuild's memory goes with it.
// The first push comes first.
os.setPriority(os.constants.priority.PRIORITY_LOW);
const root = path.resolve(import.meta.dirname, "../..");
if (!isClientBundled(root)) await bundleClient(root, systemClock);
