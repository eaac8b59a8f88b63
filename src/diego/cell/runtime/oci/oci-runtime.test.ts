import { existsSync } from "node:fs";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import type { ContainerRuntime } from "../container-runtime.ts";
import { hasHybridCgroups } from "../host/private-mounts.ts";
import { openContainerRuntime } from "../open-container-runtime.ts";
import { runtimeContract } from "../runtime-contract.ts";

for (const name of ["crun", "runc"] as const) {
  runtimeContract(name, { skip: reasonToSkip(name), open: (dataDir) => open(name, dataDir) });
}

function reasonToSkip(name: "crun" | "runc"): string | false {
  if (process.getuid?.() !== 0) return `containers of ${name} need root`;
  if (
    !["/usr/bin", "/usr/sbin", "/usr/local/bin"].some((folder) => existsSync(`${folder}/${name}`))
  ) {
    return `${name} is not installed`;
  }
  if (name === "crun" && hasHybridCgroups()) return "crun needs scripts/enter-namespace here";
  return false;
}

async function open(name: "crun" | "runc", dataDir: string): Promise<ContainerRuntime> {
  return openContainerRuntime(
    {
      dataDir,
      cellIndex: 12,
      containersMax: 100,
      runtime: name,
      toolchain: [],
      path: "/usr/local/bin:/usr/bin:/bin",
      stacks: {},
      allowEgressTo: [],
    },
    { clock: systemClock, logger: new RecordingLogger() },
  );
}
