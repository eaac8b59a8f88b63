import { runtimeContract } from "../contract/runtime-contract.ts";
import { openRealRuntime, realRuntimes, reasonToSkip } from "./real-runtimes.ts";

for (const name of realRuntimes) {
  runtimeContract(name, {
    takesSnapshots: true,
    skip: reasonToSkip(name),
    open: (dataDir) => openRealRuntime(name, dataDir),
  });
}
