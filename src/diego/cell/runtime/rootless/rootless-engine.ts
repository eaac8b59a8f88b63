import { writeFileSync } from "node:fs";
import type { ContainerMetrics } from "../container-runtime.ts";
import type { OciCommand } from "../oci/oci-command.ts";
import { processConfig } from "../oci/oci-spec.ts";
import type { CellHost } from "../supervised/cell-host.ts";
import type { ContainerEngine, ProcessStart } from "../supervised/container-engine.ts";
import { hostIdOfVcap, type UnlimitedRecord } from "../unlimited/unlimited-record.ts";
import { usageOfNamespace } from "../unlimited/usage-of-namespace.ts";

/** One container of an ordinary user: processes by crun's `exec`, usage by looking at them. */
export class RootlessEngine implements ContainerEngine {
  /** Nothing counts here what the kernel kills for memory. */
  readonly oomFile = "/dev/null";
  readonly #record: UnlimitedRecord;
  readonly #host: CellHost;
  readonly #command: OciCommand;

  constructor(record: UnlimitedRecord, host: CellHost, command: OciCommand) {
    this.#record = record;
    this.#host = host;
    this.#command = command;
  }

  startCommand({ spec, user, processFile, pidFile, logFile, detach }: ProcessStart): string[] {
    const { defaultPath, nofileMax } = this.#host;
    const config = processConfig({ spec, user, defaultPath, nofileMax });
    writeFileSync(processFile, JSON.stringify(config), { mode: 0o600 });
    const id = this.#record.handle;
    const descriptors = spec.traced === true ? 2 : 0;
    return this.#command.execCommand({
      id,
      processFile,
      pidFile,
      logFile,
      detach,
      descriptors,
    });
  }

  hostIdOf(): number {
    return hostIdOfVcap();
  }

  async usage(): Promise<Pick<ContainerMetrics, "cpuNanoseconds" | "memoryBytes" | "pids">> {
    return usageOfNamespace(this.#record.init?.pid ?? 0);
  }

  reachablePort(containerPort: number): number {
    // One port of the host stands for the one that apps listen on.
    return containerPort === 8080 ? this.#record.port : containerPort;
  }
}
