import { writeFileSync } from "node:fs";
import path from "node:path";
import {
  cgroupFile,
  type CgroupLayout,
  keyedValue,
  readCgroupFile,
} from "../cgroup/cgroup-files.ts";
import type { ContainerMetrics } from "../container-runtime.ts";
import type { StackUser } from "../stack/users.ts";
import type { CellHost } from "../supervised/cell-host.ts";
import type { ContainerEngine, FileRead, ProcessStart } from "../supervised/container-engine.ts";
import type { OciCommand } from "./oci-command.ts";
import type { OciRecord } from "./oci-record.ts";
import { hostIdOf, processConfig } from "./oci-spec.ts";

const readInside = path.join(import.meta.dirname, "read-inside.pl");

/** One container of an OCI runtime: processes by its `exec`, usage by the control group. */
export class OciEngine implements ContainerEngine {
  readonly #record: OciRecord;
  readonly #host: CellHost;
  readonly #command: OciCommand;
  readonly #cgroups: CgroupLayout;

  constructor(options: {
    readonly record: OciRecord;
    readonly host: CellHost;
    readonly command: OciCommand;
    readonly cgroups: CgroupLayout;
  }) {
    this.#record = options.record;
    this.#host = options.host;
    this.#command = options.command;
    this.#cgroups = options.cgroups;
  }

  get oomFile(): string {
    return cgroupFile(this.#cgroups, this.#record.cgroup, "oomKills");
  }

  startCommand({ spec, user, processFile, pidFile, logFile, detach }: ProcessStart): string[] {
    const { defaultPath, nofileMax } = this.#host;
    const config = processConfig({ spec, user, defaultPath, nofileMax });
    writeFileSync(processFile, JSON.stringify(config), { mode: 0o600 });
    return this.#command.execCommand({
      id: this.#record.handle,
      processFile,
      pidFile,
      logFile,
      detach,
      descriptors: spec.traced === true ? 2 : 0,
    });
  }

  readCommand({ path: file, user, limitBytes }: FileRead): readonly string[] | undefined {
    const { init, idMap } = this.#record;
    if (init === undefined) return undefined;
    const ids = [hostIdOf(idMap, user.uid), hostIdOf(idMap, user.gid)];
    const numbers = [init.pid, init.startTime, ...ids, limitBytes].map(String);
    return ["perl", readInside, ...numbers, file];
  }

  hostIdOf(user: StackUser): number {
    return hostIdOf(this.#record.idMap, user.uid);
  }

  async usage(): Promise<Omit<ContainerMetrics, "diskBytes" | "createdAt">> {
    const read = (file: Parameters<typeof readCgroupFile>[2]) =>
      readCgroupFile(this.#cgroups, this.#record.cgroup, file);
    const isV2 = this.#cgroups.version === 2;
    const cpu = read("cpuUsage");
    const inactiveFile = keyedValue(
      read("memoryStat"),
      isV2 ? "inactive_file" : "total_inactive_file",
    );
    const peak = Number(read("memoryPeak"));
    const kills = keyedValue(read("oomKills"), "oom_kill");
    return {
      ...(Number.isSafeInteger(peak) ? { memoryPeakBytes: peak } : {}),
      ...(kills === undefined ? {} : { outOfMemoryKills: kills }),
      cpuNanoseconds: isV2 ? BigInt(keyedValue(cpu, "usage_usec") ?? 0) * 1000n : BigInt(cpu ?? 0),
      // Garden's measure: what cannot be had back without paging out.
      memoryBytes: Math.max(0, Number(read("memoryUsage") ?? 0) - (inactiveFile ?? 0)),
      pids: Number(read("pidsUsage") ?? 0),
    };
  }

  reachablePort(containerPort: number): number {
    return containerPort;
  }
}
