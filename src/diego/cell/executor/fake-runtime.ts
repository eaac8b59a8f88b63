import { mkdir, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { PassThrough, Readable } from "node:stream";
import { fromNanoseconds } from "#kernel/clock/clock.ts";
import {
  ContainerFileError,
  type Container,
  type ContainerMetrics,
  type ContainerProcess,
  type ContainerRuntime,
  type ContainerSnapshots,
  SnapshotRefused,
  type ContainerSpec,
  type ContainerTerminal,
  type FullDisk,
  type ProcessExit,
  type ProcessSpec,
  type RuntimeDescription,
  type TerminalSpec,
  type UnpackRequest,
} from "../runtime/container-runtime.ts";

/** What a process of the fake does: it may write, wait to be signalled, leave files, and ends with its exit status. */
export type FakeProgram = (process: FakeProcess) => Promise<number | ProcessExit>;

interface FakeProcess {
  readonly spec: ProcessSpec;
  readonly container: FakeContainer;
  readonly stdout: PassThrough;
  readonly stderr: PassThrough;
  readonly trace: PassThrough;
  /** Resolves with the first signal that it may handle. */
  readonly terminated: Promise<void>;
}

/**
 * A runtime in memory, for tests of what uses one. A process does what its path has been given to do; like the real
 * one's, containers and processes outlive the cell that made them.
 */
export class FakeRuntime implements ContainerRuntime {
  readonly description: RuntimeDescription = {
    kind: "process",
    enforced: [],
    renamesLayers: true,
    notes: ["a fake for tests"],
    stacks: ["cflinuxfs4"],
    toolchains: {},
  };
  readonly live = new Map<string, FakeContainer>();
  readonly programs = new Map<string, FakeProgram>();
  readonly unpacked: UnpackRequest[] = [];
  readonly pruned: ReadonlySet<string>[] = [];
  readonly #directory: string;
  readonly #archiveBytes = new Map<string, number>();
  /** The address of each container to come. */
  address = "127.0.0.1";
  /** Thrown by the next `create`. */
  createFails: Error | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async create(spec: ContainerSpec, signal?: AbortSignal): Promise<FakeContainer> {
    signal?.throwIfAborted();
    const failure = this.createFails;
    this.createFails = undefined;
    if (failure !== undefined) throw failure;
    const container = new FakeContainer(spec, this);
    this.live.set(spec.handle, container);
    return container;
  }

  async containers(): Promise<Container[]> {
    return [...this.live.values()];
  }

  async unpack(request: UnpackRequest): Promise<string> {
    this.unpacked.push(request);
    const directory = path.join(this.#directory, request.key);
    await mkdir(directory, { recursive: true });
    this.#archiveBytes.set(directory, (await stat(request.archive)).size);
    return directory;
  }

  /** As if every archive held ten times its size. */
  unpackedBytes(directory: string): number {
    return 10 * (this.#archiveBytes.get(directory) ?? 0);
  }

  async pruneUnpacked(keep: ReadonlySet<string>): Promise<void> {
    this.pruned.push(keep);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.live.values()].map((container) => container.destroy()));
  }
}

export class FakeContainer implements Container {
  readonly spec: ContainerSpec;
  readonly processes = new Map<string, FakeContainerProcess>();
  /** What `streamOut` and `copyOut` give, by path. */
  readonly files = new Map<string, Buffer>();
  /** What was streamed in, whole tars by path. */
  readonly received: { readonly path: string; readonly user: string; readonly tar: Buffer }[] = [];
  readonly ports = new Map<number, number>();
  readonly terminals: FakeTerminal[] = [];
  snapshots: FakeSnapshots | undefined = new FakeSnapshots();
  metricsNow: ContainerMetrics;
  fullDiskNow: FullDisk | undefined;
  readonly #runtime: FakeRuntime;

  constructor(spec: ContainerSpec, runtime: FakeRuntime) {
    this.spec = spec;
    this.#runtime = runtime;
    this.metricsNow = {
      cpuNanoseconds: 0n,
      memoryBytes: 1024,
      diskBytes: 2048,
      pids: 1,
      createdAt: fromNanoseconds(0n),
    };
  }

  get handle(): string {
    return this.spec.handle;
  }

  get properties(): Readonly<Record<string, string>> {
    return this.spec.properties;
  }

  get address(): string {
    return this.#runtime.address;
  }

  reachablePort(containerPort: number): number {
    return this.ports.get(containerPort) ?? containerPort;
  }

  async run(spec: ProcessSpec): Promise<ContainerProcess> {
    if (this.processes.has(spec.id)) throw new Error(`There is a process "${spec.id}" already`);
    const process = new FakeContainerProcess(spec, this, this.#runtime.programs.get(spec.path));
    this.processes.set(spec.id, process);
    return process;
  }

  async process(id: string): Promise<ContainerProcess | undefined> {
    return this.processes.get(id);
  }

  async streamIn(options: { path: string; user: string; tar: Readable }): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of options.tar) {
      if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    }
    this.received.push({ path: options.path, user: options.user, tar: Buffer.concat(chunks) });
  }

  async streamOut({ path: file }: { path: string; user: string }): Promise<Readable> {
    const content = this.files.get(file);
    if (content === undefined) throw new ContainerFileError(`There is no file "${file}"`);
    return Readable.from([content], { objectMode: false });
  }

  async copyOut(file: { path: string; user: string }, to: string): Promise<void> {
    await writeFile(to, await this.streamOut(file), { flag: "wx" });
  }

  openTerminal(spec: TerminalSpec): FakeTerminal {
    const terminal = new FakeTerminal(spec);
    this.terminals.push(terminal);
    return terminal;
  }

  /** Nothing runs in it but what the test ends. */
  async endProcesses(): Promise<void> {}

  async metrics(): Promise<ContainerMetrics> {
    return this.metricsNow;
  }

  async fullDisk(): Promise<FullDisk | undefined> {
    return this.fullDiskNow;
  }

  async destroy(): Promise<void> {
    for (const process of this.processes.values()) await process.signal("SIGKILL");
    for (const terminal of this.terminals) terminal.close();
    this.#runtime.live.delete(this.handle);
  }
}

/** Remembers names; the tar of one is its name. */
class FakeSnapshots implements ContainerSnapshots {
  readonly taken: string[] = [];
  /** Thrown by the next `take`. */
  refuses: SnapshotRefused | undefined;

  async take(name: string): Promise<void> {
    const refusal = this.refuses;
    this.refuses = undefined;
    if (refusal !== undefined) throw refusal;
    this.taken.push(name);
  }

  read(name: string): Readable {
    if (!this.taken.includes(name)) throw new SnapshotRefused(`there is no snapshot "${name}"`);
    return Readable.from([Buffer.from(name)], { objectMode: false });
  }
}

/** What is typed can be read from `input`, and what is written to `output` is shown. */
export class FakeTerminal implements ContainerTerminal {
  readonly spec: TerminalSpec;
  readonly input = new PassThrough();
  readonly output = new PassThrough();
  readonly exited: Promise<number>;
  readonly windows: (readonly [columns: number, rows: number])[] = [];
  readonly #exit = Promise.withResolvers<number>();

  constructor(spec: TerminalSpec) {
    this.spec = spec;
    this.exited = this.#exit.promise;
    this.input.once("finish", () => this.exitWith(129));
  }

  resize(columns: number, rows: number): void {
    this.windows.push([columns, rows]);
  }

  exitWith(status: number): void {
    this.output.end();
    this.#exit.resolve(status);
  }

  close(): void {
    this.exitWith(137);
  }
}

export class FakeContainerProcess implements ContainerProcess {
  readonly id: string;
  readonly spec: ProcessSpec;
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly trace = new PassThrough();
  readonly exited: Promise<ProcessExit>;
  readonly signals: string[] = [];
  readonly answers: string[] = [];
  readonly #exit = Promise.withResolvers<ProcessExit>();
  readonly #terminated = Promise.withResolvers<void>();

  constructor(spec: ProcessSpec, container: FakeContainer, program: FakeProgram | undefined) {
    this.id = spec.id;
    this.spec = spec;
    this.exited = this.#exit.promise;
    const { stdout, stderr, trace } = this;
    const terminated = this.#terminated.promise;
    void (program ?? (async () => 0))({ spec, container, stdout, stderr, trace, terminated }).then(
      (exit) => this.#end(typeof exit === "number" ? { status: exit, outOfMemory: false } : exit),
      () => this.#end({ status: 255, outOfMemory: false }),
    );
  }

  /** Ends it from outside, whatever its program does. */
  exitWith(status: number): void {
    this.#end({ status, outOfMemory: false });
  }

  env(): Record<string, string> {
    return Object.fromEntries(this.spec.env.map(({ name, value }) => [name, value]));
  }

  answer(text: string): void {
    this.answers.push(text);
  }

  async signal(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.signals.push(signal);
    if (signal === "SIGTERM") this.#terminated.resolve();
    else this.#end({ status: 137, outOfMemory: false });
  }

  #end(exit: ProcessExit): void {
    this.stdout.end();
    this.stderr.end();
    this.trace.end();
    this.#exit.resolve(exit);
  }
}
