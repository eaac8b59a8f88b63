import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe } from "node:test";
import type { ContainerRuntime } from "../container-runtime.ts";
import { layerTests, unpackTests } from "./archive-contract.ts";
import { fileTests } from "./file-contract.ts";
import { lifecycleTests } from "./lifecycle-contract.ts";
import { processTests, signalTests } from "./process-contract.ts";
import { snapshotTests } from "./snapshot-contract.ts";
import { terminalTests } from "./terminal-contract.ts";

/**
 * What the executor may count on, whichever runtime it has. Registers its tests with node:test; processes are
 * `/bin/sh -c SCRIPT` as user vcap.
 */
export function runtimeContract(
  name: string,
  options: {
    /** Opens a runtime with the stack `cflinuxfs4` on an empty data folder. */
    readonly open: (dataDir: string) => Promise<ContainerRuntime>;
    /** Why it cannot run here, or false. */
    readonly skip: string | false;
    readonly takesSnapshots: boolean;
  },
): void {
  void describe(`${name} keeps the contract of a container runtime`, { skip: options.skip }, () => {
    const dataDir = mkdtempSync(path.join(tmpdir(), "rivera-contract-"));
    const opened = Promise.withResolvers<ContainerRuntime>();
    before(async () => {
      try {
        opened.resolve(await options.open(dataDir));
      } catch (error) {
        opened.reject(error);
      }
      await opened.promise;
    });
    after(async () => {
      const runtime = await opened.promise;
      await Promise.all((await runtime.containers()).map((container) => container.destroy()));
      await runtime[Symbol.asyncDispose]();
      rmSync(dataDir, { recursive: true, force: true });
    });
    processTests(() => opened.promise);
    signalTests(() => opened.promise);
    fileTests(() => opened.promise);
    lifecycleTests(() => opened.promise);
    unpackTests(() => opened.promise, dataDir);
    layerTests(() => opened.promise, dataDir);
    terminalTests(() => opened.promise);
    snapshotTests(() => opened.promise, options.takesSnapshots);
  });
}
