import { systemClock } from "#kernel/clock/system-clock.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import type { ContainerRuntime } from "../container-runtime.ts";
import { openContainerRuntime } from "../open-container-runtime.ts";

/** What an ordinary user gets who chooses nothing; for the tests of this folder. */
export async function openAsUser(dataDir: string): Promise<ContainerRuntime> {
  return openContainerRuntime(
    {
      dataDir,
      cellIndex: 0,
      containersMax: 100,
      runtime: "auto",
      assets: [],
      toolchains: {},
      path: "/usr/local/bin:/usr/bin:/bin",
      stacks: {},
      allowEgressTo: [],
    },
    { clock: systemClock, logger: new RecordingLogger() },
  );
}
