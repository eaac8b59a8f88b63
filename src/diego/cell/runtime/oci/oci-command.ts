import { runCommand } from "#kernel/process/run-command.ts";
import type { Spawner } from "#kernel/process/spawner.ts";
import { lastLogLine } from "../supervised/last-log-line.ts";

export type OciRuntimeName = "crun" | "runc";

const timeoutMs = 30_000;

/** The command line of an OCI runtime, of which crun and runc share what is used here. */
export class OciCommand {
  readonly name: OciRuntimeName;
  readonly #stateDir: string;
  readonly #enter: readonly string[];
  readonly #withCgroups: boolean;

  constructor(
    name: OciRuntimeName,
    stateDir: string,
    /** For an ordinary user: what enters the namespaces in which it is root. No control group is made there. */
    enter: readonly string[] = [],
  ) {
    this.name = name;
    this.#stateDir = stateDir;
    this.#enter = enter;
    this.#withCgroups = enter.length === 0;
  }

  /** Starts a container whose init goes on by itself. Errors name what the runtime said. */
  async runDetached(options: {
    readonly spawner: Spawner;
    readonly id: string;
    readonly bundle: string;
    readonly pidFile: string;
    readonly logFile: string;
    /**
     * A program, with its arguments, that prepares the container and then runs what is put behind it. Tells in the log
     * file why it did not.
     */
    readonly after?: readonly string[];
  }): Promise<void> {
    const { spawner, id, bundle, pidFile, logFile, after = [] } = options;
    const [program = this.name, ...args] = [...after, ...this.#command(logFile)];
    args.push("run", "--detach", "--bundle", bundle, "--pid-file", pidFile, id);
    // Pipes that lead nowhere: crun gives what it finds here to the container's root, and /dev/null is the host's.
    const { status, signal } = await spawner.run(program, args, { timeoutMs, output: "nowhere" });
    if (status !== 0) {
      const isLate = signal === "SIGKILL";
      const reason = isLate ? `no answer in ${timeoutMs / 1000} s` : lastLogLine(logFile);
      throw new Error(`Cannot start container "${id}" with ${this.name}: ${reason}`);
    }
  }

  /** Arguments, with the program first, that run a process of a process.json in a container. */
  execCommand(options: {
    readonly id: string;
    readonly processFile: string;
    readonly pidFile: string;
    readonly logFile: string;
    readonly detach: boolean;
    /** How many of its own, from 3 on, it hands to the process. */
    readonly descriptors: number;
  }): string[] {
    const { id, processFile, pidFile, logFile, detach, descriptors } = options;
    const command = this.#command(logFile);
    command.push("exec", ...(detach ? ["--detach"] : []));
    if (descriptors > 0) command.push(`--preserve-fds=${descriptors}`);
    command.push("--pid-file", pidFile, "--process", processFile, id);
    return command;
  }

  /** Removes the runtime's own record of a container. Never trusted to have done all: the caller sweeps after it. */
  async delete(id: string): Promise<void> {
    const [program, ...args] = this.#command(undefined);
    await runCommand(program, [...args, "delete", "--force", id], { timeoutMs });
  }

  /** The program and the arguments that all its commands share. */
  #command(logFile: string | undefined): [string, ...string[]] {
    const [program, ...enter] = [...this.#enter, this.name];
    const manager = this.#withCgroups ? "cgroupfs" : "disabled";
    return [
      program ?? this.name,
      ...enter,
      "--root",
      this.#stateDir,
      ...(this.name === "crun" ? ["--cgroup-manager", manager] : []),
      ...(logFile === undefined ? [] : ["--log", logFile]),
    ];
  }
}

/** The first line of `--version`, or undefined where the program is missing. */
export async function ociRuntimeVersion(name: OciRuntimeName): Promise<string | undefined> {
  try {
    const { status, stdout } = await runCommand(name, ["--version"], { timeoutMs: 5000 });
    return status === 0 ? (stdout.split("\n")[0] ?? "") : undefined;
  } catch {
    return undefined;
  }
}
