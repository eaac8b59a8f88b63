import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import path from "node:path";
import { CommandFailed, type CommandResult, defaultPath } from "./run-command.ts";

const program = path.join(import.meta.dirname, "spawner.pl");
/** A process can show as its command line what fits where its first one stood: `ps` is to tell the files that are run apart. */
const roomForTitle = " ".repeat(512);

export interface SpawnerOptions {
  /** Default: `/`. */
  readonly cwd?: string;
  /** Aborting kills the program with SIGKILL; the promise rejects with the reason once it has ended. */
  readonly signal?: AbortSignal;
  /** Milliseconds, rounded up to seconds, after which the program is killed; default 60,000. */
  readonly timeoutMs?: number;
  /** Standard input: a text of at most 64 KiB without NUL, or a file; default: nothing. */
  readonly input?: string | { readonly file: string };
  /**
   * Standard output: kept (1 MiB, as of standard error), a new file (mode 0600), or, as standard error, pipes that nobody
   * reads. Default: kept.
   */
  readonly output?: "nowhere" | { readonly file: string };
}

/**
 * Runs programs like `runCommand`, by a small process that is started with the first of them (`spawner.pl`): the fork of a
 * platform of 200 MB takes 7 ms of its one thread, a container's start some six of them. The environment is PATH alone.
 * `perl FILE`, with a whole path, is run by that process's fork itself: perl need not be started again.
 */
export class Spawner implements AsyncDisposable {
  readonly #pending = new Map<string, PromiseWithResolvers<CommandResult>>();
  #server: ChildProcess | undefined;
  #received: Buffer = Buffer.alloc(0);
  #count = 0;

  /** Waits for the end of a program, whatever its status; 127 with the reason in `stderr` where it cannot be run. */
  async run(
    command: string,
    args: readonly string[],
    options: SpawnerOptions = {},
  ): Promise<CommandResult> {
    const { cwd = "/", signal, timeoutMs = 60_000, input = "", output } = options;
    signal?.throwIfAborted();
    this.#count += 1;
    const id = String(this.#count);
    const result = Promise.withResolvers<CommandResult>();
    this.#pending.set(id, result);
    const kill = () => this.#send(["kill", id]);
    signal?.addEventListener("abort", kill, { once: true });
    try {
      this.#send([
        "run",
        id,
        String(Math.ceil(timeoutMs / 1000)),
        cwd,
        ...(typeof input === "string" ? ["text", input] : ["file", input.file]),
        ...(output === undefined
          ? ["keep", ""]
          : output === "nowhere"
            ? ["nowhere", ""]
            : ["file", output.file]),
        command,
        ...args,
      ]);
      const ended = await result.promise;
      signal?.throwIfAborted();
      return ended;
    } finally {
      this.#pending.delete(id);
      signal?.removeEventListener("abort", kill);
    }
  }

  /** As `run`, and gives the standard output; throws `CommandFailed` unless the program exits with 0. */
  async runChecked(
    command: string,
    args: readonly string[],
    options: SpawnerOptions = {},
  ): Promise<string> {
    const result = await this.run(command, args, options);
    if (result.status !== 0) throw new CommandFailed(command, args, result);
    return result.stdout;
  }

  /** Programs that run go on, with nobody to hear of their end. */
  async [Symbol.asyncDispose](): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const exited = once(server, "exit");
    server.stdin?.end();
    await exited;
  }

  #send(fields: readonly string[]): void {
    if (fields.some((field) => field.includes("\0"))) {
      throw new Error("Cannot run a program: an argument holds a NUL");
    }
    const frame = Buffer.from(fields.join("\0"));
    this.#server ??= this.#start();
    this.#server.stdin?.write(Buffer.concat([Buffer.from(`${frame.length}\n`), frame]));
  }

  #start(): ChildProcess {
    // A session of its own: the interrupt of a terminal must not end what the platform's stop needs.
    const server = spawn("perl", [program, roomForTitle], {
      stdio: ["pipe", "pipe", "ignore"],
      env: { PATH: defaultPath },
      detached: true,
    });
    const gone = (error: Error) => {
      if (this.#server !== server) return;
      this.#server = undefined;
      this.#received = Buffer.alloc(0);
      for (const { reject } of this.#pending.values()) reject(error);
    };
    server.once("error", gone);
    server.once("exit", () => gone(new Error("The program that starts others has ended")));
    server.stdin.on("error", () => undefined);
    server.stdout.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      while (this.#takeAnswer());
    });
    return server;
  }

  #takeAnswer(): boolean {
    const end = this.#received.indexOf("\n");
    if (end === -1) return false;
    const [id = "", status, signal, stdoutLength, stderrLength] = this.#received
      .toString("latin1", 0, end)
      .split(" ");
    const stdoutEnd = end + 1 + Number(stdoutLength);
    const stderrEnd = stdoutEnd + Number(stderrLength);
    if (this.#received.length < stderrEnd) return false;
    const signalName = nameOfSignal(Number(signal));
    this.#pending.get(id)?.resolve({
      status: signalName === null ? Number(status) : null,
      signal: signalName,
      stdout: this.#received.toString("utf8", end + 1, stdoutEnd),
      stderr: this.#received.toString("utf8", stdoutEnd, stderrEnd),
    });
    this.#received = this.#received.subarray(stderrEnd);
    return true;
  }
}

function nameOfSignal(number: number): NodeJS.Signals | null {
  if (number === 0) return null;
  const names = Object.keys(constants.signals).filter(
    (name): name is NodeJS.Signals => name in constants.signals,
  );
  return names.find((name) => constants.signals[name] === number) ?? "SIGKILL";
}
