import { writeFileSync } from "node:fs";
import path from "node:path";
import type { ContainerMetrics } from "../container-runtime.ts";
import type { StackUser } from "../stack/users.ts";
import type { CellHost } from "../supervised/cell-host.ts";
import type { ContainerEngine, ProcessStart } from "../supervised/container-engine.ts";
import { hostIdOfUser, type UnlimitedRecord } from "../unlimited/unlimited-record.ts";
import { usageOfNamespace } from "../unlimited/usage-of-namespace.ts";

const enterContainer = path.join(import.meta.dirname, "enter-container.pl");

/** One container without isolation: processes by joining its namespaces, usage by looking at them one by one. */
export class ProcessEngine implements ContainerEngine {
  /** Nothing counts here what the kernel kills for memory. */
  readonly oomFile = "/dev/null";
  readonly #record: UnlimitedRecord;
  readonly #dir: string;
  readonly #host: CellHost;

  constructor(record: UnlimitedRecord, dir: string, host: CellHost) {
    this.#record = record;
    this.#dir = dir;
    this.#host = host;
  }

  startCommand({ spec, user, processFile, pidFile, logFile, detach }: ProcessStart): string[] {
    const environment = new Map([
      ["PATH", this.#host.defaultPath],
      ["USER", user.name],
      ["HOME", user.home],
      ...spec.env.map(({ name, value }): [string, string] => [name, value]),
    ]);
    const command = [spec.path, ...spec.args];
    const fields = [
      user.uid,
      user.gid,
      spec.dir === "" ? user.home : spec.dir,
      command.length,
      ...command,
      ...[...environment].map(([name, value]) => `${name}=${value}`),
    ];
    // As the kernel does: what follows a NUL is not there.
    const text = fields.map((field) => `${String(field).replace(/\0.*/s, "")}\0`).join("");
    writeFileSync(processFile, text, { mode: 0o600 });
    const keeper = String(this.#record.init?.pid ?? 0);
    const root = path.join(this.#dir, "rootfs");
    const mode = detach ? "detach" : "stay";
    return ["perl", enterContainer, keeper, root, processFile, pidFile, logFile, mode];
  }

  hostIdOf(user: StackUser): number {
    return hostIdOfUser(user.uid);
  }

  async usage(): Promise<Pick<ContainerMetrics, "cpuNanoseconds" | "memoryBytes" | "pids">> {
    return usageOfNamespace(this.#record.init?.pid ?? 0);
  }

  reachablePort(containerPort: number): number {
    // One port of the host stands for the one that apps listen on.
    return containerPort === 8080 ? this.#record.port : containerPort;
  }
}
