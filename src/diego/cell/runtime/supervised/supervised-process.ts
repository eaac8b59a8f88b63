import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import type { Readable } from "node:stream";
import { z } from "zod";
import { type ContainerProcess, type ProcessExit, SupervisorLost } from "../container-runtime.ts";
import { isAlive, type ProcessIdentity, signalProcess } from "../host/process-identity.ts";
import { readIfThere } from "../host/read-if-there.ts";
import { FifoStream, pokeFifo } from "./fifo-stream.ts";

/** Ends every supervisor that a container's folder tells of: nothing of their processes is wanted any more. */
export function endSupervisors(processesDir: string): void {
  const ids = existsSync(processesDir) ? readdirSync(processesDir) : [];
  for (const id of ids) {
    const started = parseFile(path.join(processesDir, id, "started.json"), startedFile);
    if (started === undefined) continue;
    const { supervisor, supervisorStartTime } = started;
    signalProcess({ pid: supervisor, startTime: supervisorStartTime }, "SIGKILL");
  }
}

const startedFile = z.object({
  pid: z.int(),
  startTime: z.string(),
  supervisor: z.int(),
  supervisorStartTime: z.string(),
});

const exitFile = z.object({ exit: z.int(), signal: z.int(), oomKills: z.int() });

const SIGKILL = 9;
const newline = 0x0a;

/** A process in a container, seen through the folder of its supervisor (`supervise.pl`). */
export class SupervisedProcess implements ContainerProcess {
  readonly id: string;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly trace?: Readable;
  readonly exited: Promise<ProcessExit>;
  readonly #dir: string;
  readonly #process: ProcessIdentity;
  readonly #supervisor: ProcessIdentity;
  readonly #status: FifoStream;
  readonly #outputs: readonly FifoStream[];
  readonly #settle: (exit: ProcessExit) => void;
  readonly #lose: (error: Error) => void;

  /** Opens what a supervisor has started, or undefined where it never reported a process. */
  static open(id: string, dir: string): SupervisedProcess | undefined {
    const started = parseFile(path.join(dir, "started.json"), startedFile);
    return started === undefined ? undefined : new SupervisedProcess(id, dir, started);
  }

  private constructor(id: string, dir: string, started: z.infer<typeof startedFile>) {
    this.id = id;
    this.#dir = dir;
    this.#process = { pid: started.pid, startTime: started.startTime };
    this.#supervisor = { pid: started.supervisor, startTime: started.supervisorStartTime };
    const { promise, resolve, reject } = Promise.withResolvers<ProcessExit>();
    this.exited = promise;
    this.#settle = resolve;
    this.#lose = reject;
    // Whoever waits sees the rejection; nobody need wait.
    promise.catch(() => undefined);
    const stdout = new FifoStream(path.join(dir, "stdout"));
    const stderr = new FifoStream(path.join(dir, "stderr"));
    [this.stdout, this.stderr] = [stdout, stderr];
    this.#outputs = [stdout, stderr];
    const traceFile = path.join(dir, "trace");
    if (existsSync(traceFile)) {
      const trace = new FifoStream(traceFile, {
        before: () => {
          stdout.readNow();
          stderr.readNow();
        },
        after: (chunk) => this.answer("x".repeat(countLines(chunk))),
      });
      this.trace = trace;
      this.#outputs = [stdout, stderr, trace];
    }
    this.#status = new FifoStream(path.join(dir, "status"));
    this.#status.on("data", () => this.#check());
    this.#status.on("end", () => this.#check());
    // Opened before it is asked whether the supervisor lives: if it dies later, the end of the FIFO tells.
    this.#check();
  }

  answer(text: string): void {
    pokeFifo(path.join(this.#dir, "heard"), text);
  }

  async signal(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    signalProcess(this.#process, signal);
  }

  /** Stops reading; the process goes on. */
  detach(): void {
    for (const stream of [...this.#outputs, this.#status]) stream.destroy();
  }

  #check(): void {
    const exit = parseFile(path.join(this.#dir, "exit.json"), exitFile);
    if (exit === undefined && isAlive(this.#supervisor)) return;
    if (exit === undefined) {
      this.#lose(
        new SupervisorLost(`Cannot tell how process "${this.id}" ended: its supervisor is gone`),
      );
      this.#status.destroy();
      if (!isAlive(this.#process)) for (const output of this.#outputs) output.finish();
      return;
    }
    for (const output of this.#outputs) output.finish();
    pokeFifo(path.join(this.#dir, "control"));
    this.#status.destroy();
    this.#settle({
      status: exit.signal === 0 ? exit.exit : 128 + exit.signal,
      outOfMemory: exit.signal === SIGKILL && exit.oomKills > 0,
    });
  }
}

function countLines(chunk: Buffer): number {
  let lines = 0;
  for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, at + 1)) lines += 1;
  return lines;
}

function parseFile<T>(file: string, schema: z.ZodType<T>): T | undefined {
  const text = readIfThere(file);
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
}
