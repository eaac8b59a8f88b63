import type { ContainerMetrics, ProcessSpec } from "../container-runtime.ts";
import type { StackUser } from "../stack/users.ts";

/** How one container is made to run something, by whatever keeps it; the rest of a container is the same for all. */
export interface ContainerEngine {
  /**
   * Writes what the start of a process needs and gives the command line that starts it and writes its pid. Detached
   * it ends once the process runs; else it ends with it, and has its standard streams and its status.
   */
  startCommand(start: ProcessStart): readonly string[];
  /**
   * A command of the host that writes a regular file of the container, as the user could read it; undefined where only a
   * program inside can. It exits with `unreadableStatus` where there is no such file.
   */
  readCommand?(read: FileRead): readonly string[] | undefined;
  /** The host's id of a user inside. */
  hostIdOf(user: StackUser): number;
  /** A file with a line `oom_kill N`; one without it where nothing counts. */
  readonly oomFile: string;
  usage(): Promise<Omit<ContainerMetrics, "diskBytes" | "createdAt">>;
  reachablePort(containerPort: number): number;
}

export interface FileRead {
  readonly path: string;
  readonly user: StackUser;
  /** More than this is not read to its end; 0: whatever it holds. */
  readonly limitBytes: number;
}

export interface ProcessStart {
  readonly spec: Pick<ProcessSpec, "path" | "args" | "env" | "dir" | "nofile" | "traced">;
  readonly user: StackUser;
  readonly processFile: string;
  readonly pidFile: string;
  readonly logFile: string;
  readonly detach: boolean;
}
