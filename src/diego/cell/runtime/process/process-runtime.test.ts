import { systemClock } from "#kernel/clock/system-clock.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { openContainerRuntime } from "../open-container-runtime.ts";
import { runtimeContract } from "../contract/runtime-contract.ts";

runtimeContract("process", {
  takesSnapshots: process.getuid?.() === 0,
  skip: false,
  open: (dataDir) =>
    openContainerRuntime(
      {
        dataDir,
        cellIndex: 0,
        containersMax: 100,
        runtime: "process",
        assets: [],
        toolchains: {},
        path: "/usr/local/bin:/usr/bin:/bin",
        stacks: {},
        allowEgressTo: [],
      },
      { clock: systemClock, logger: new RecordingLogger() },
    ),
});
