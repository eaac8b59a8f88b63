import os from "node:os";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { installation } from "./platform-paths.ts";
import { bundleProgram, client, isBundled, platform, settledMs } from "./program-bundle.ts";

// Bundles the programs of this installation, where their bundles are not up to date: at the end of `npm ci`, and beside each `rivera up`, as a process of
// its own, since esbuild's memory goes with it. The first push comes first.
os.setPriority(os.constants.priority.PRIORITY_LOW);
const stale = [client, platform].filter((program) => !isBundled(installation, program));
// npm has written its list of packages just now: a bundle that is begun at once would count as older than that.
if (stale.length > 0) await systemClock.sleep(settledMs);
for (const program of stale) await bundleProgram(installation, program, systemClock);
