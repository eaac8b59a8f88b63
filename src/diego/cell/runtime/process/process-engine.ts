import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { ContainerMetrics } from "../container-runtime.ts";
import type { StackUser } from "../stack/users.ts";
import type { CellHost } from "../supervised/cell-host.ts";
import type { ContainerEngine, ProcessStart } from "../supervised/container-engine.ts";
import { hostIdOfUser, type ProcessRecord } from "./process-record.ts";

const enterContainer = path.join(import.meta.dirname, "enter-container.pl");

// The kernel's unit in /proc/PID/stat, the same on every Linux that Node runs on.
const nanosecondsPerTick = 10_000_000n;
const pageBytes = 4096;

/** One container without isolation: processes by joining its namespaces, usage by looking at them one by one. */
export class ProcessEngine implements ContainerEngine {
  /** Nothing counts here what the kernel kills for memory. */
  readonly oomFile = "/dev/null";
  readonly #record: ProcessRecord;
  readonly #dir: string;
  readonly #host: CellHost;

  constructor(record: ProcessRecord, dir: string, host: CellHost) {
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
    const namespace = namespaceOf(String(this.#record.init?.pid ?? 0));
    const pids = readdirSync("/proc").filter(
      (name) => /^\d+$/.test(name) && namespace !== undefined && namespaceOf(name) === namespace,
    );
    const stats = pids.flatMap((pid) => statOf(pid));
    return {
      cpuNanoseconds: stats.reduce((total, { ticks }) => total + ticks, 0n) * nanosecondsPerTick,
      memoryBytes: stats.reduce((total, { residentPages }) => total + residentPages, 0) * pageBytes,
      pids: pids.length,
    };
  }

  reachablePort(containerPort: number): number {
    // One port of the host stands for the one that apps listen on.
    return containerPort === 8080 ? this.#record.port : containerPort;
  }
}

function namespaceOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

function statOf(pid: string): { ticks: bigint; residentPages: number }[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // utime, stime and those of children that have been waited for.
    const ticks = fields.slice(11, 15).reduce((total, field) => total + BigInt(field), 0n);
    return [{ ticks, residentPages: Number(fields[21] ?? 0) }];
  } catch {
    return [];
  }
}
