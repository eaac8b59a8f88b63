import { spawn } from "node:child_process";
import { defaultPath, runCommand } from "#kernel/process/run-command.ts";
import { lastLogLine } from "../supervised/last-log-line.ts";

export type OciRuntimeName = "crun" | "runc";

const timeoutMs = 30_000;

/** The command line of an OCI runtime, of which crun and runc share what is used here. */
export class OciCommand {
  readonly name: OciRuntimeName;
  readonly #stateDir: string;

  constructor(name: OciRuntimeName, stateDir: string) {
    this.name = name;
    this.#stateDir = stateDir;
  }

  /** Starts a container whose init goes on by itself. Errors name what the runtime said. */
  async runDetached(options: {
    readonly id: string;
    readonly bundle: string;
    readonly pidFile: string;
    readonly logFile: string;
  }): Promise<void> {
    const { id, bundle, pidFile, logFile } = options;
    const args = this.#global(logFile);
    args.push("run", "--detach", "--bundle", bundle, "--pid-file", pidFile, id);
    // No pipes: the init would inherit and hold them.
    const child = spawn(this.name, args, {
      stdio: "ignore",
      env: { PATH: defaultPath },
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", resolve);
    });
    if (status !== 0) {
      throw new Error(`Cannot start container "${id}" with ${this.name}: ${lastLogLine(logFile)}`);
    }
  }

  /** Arguments, with the program first, that run a process of a process.json in a container. */
  execCommand(options: {
    readonly id: string;
    readonly processFile: string;
    readonly pidFile: string;
    readonly logFile: string;
    readonly detach: boolean;
  }): string[] {
    const { id, processFile, pidFile, logFile, detach } = options;
    const args = this.#global(logFile);
    args.push("exec", ...(detach ? ["--detach"] : []));
    args.push("--pid-file", pidFile, "--process", processFile, id);
    return [this.name, ...args];
  }

  /** Removes the runtime's own record of a container. Never trusted to have done all: the caller sweeps after it. */
  async delete(id: string): Promise<void> {
    await runCommand(this.name, [...this.#global(undefined), "delete", "--force", id], {
      timeoutMs,
    });
  }

  #global(logFile: string | undefined): string[] {
    return [
      "--root",
      this.#stateDir,
      ...(this.name === "crun" ? ["--cgroup-manager", "cgroupfs"] : []),
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
