import { existsSync } from "node:fs";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import type { ContainerRuntime } from "../container-runtime.ts";
import { hasHybridCgroups } from "../host/private-mounts.ts";
import { openContainerRuntime } from "../open-container-runtime.ts";

/** The OCI runtimes that tests of this folder run with. */
export const realRuntimes = ["crun", "runc"] as const;

type RealRuntime = (typeof realRuntimes)[number];

/** Why a runtime cannot be tested here, in words for the test's report. */
export function reasonToSkip(name: RealRuntime): string | false {
  if (process.getuid?.() !== 0) return `containers by ${name} need root`;
  if (!["/usr/bin", "/usr/sbin", "/usr/local/bin"].some((bin) => existsSync(`${bin}/${name}`))) {
    return `${name} is not installed`;
  }
  if (name === "crun" && hasHybridCgroups()) return "crun needs scripts/enter-namespace here";
  return false;
}

export async function openRealRuntime(
  name: RealRuntime,
  dataDir: string,
): Promise<ContainerRuntime> {
  return openContainerRuntime(
    {
      dataDir,
      cellIndex: 12,
      containersMax: 100,
      runtime: name,
      assets: [],
      toolchains: {},
      path: "/usr/local/bin:/usr/bin:/bin",
      stacks: {},
      allowEgressTo: [],
    },
    { clock: systemClock, logger: new RecordingLogger() },
  );
}
