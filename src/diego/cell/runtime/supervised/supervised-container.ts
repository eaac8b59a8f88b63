import { createWriteStream, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseInstant } from "#kernel/clock/clock.ts";
import type {
  Container,
  ContainerFile,
  ContainerMetrics,
  ContainerProcess,
  ContainerSnapshots,
  ContainerTerminal,
  FullDisk,
  ProcessSpec,
  TerminalSpec,
} from "../container-runtime.ts";
import { findUser, readPasswd, type StackUser } from "../stack/users.ts";
import {
  copyOut,
  extractScript,
  type InsideCommand,
  readScript,
  streamFrom,
  streamInto,
} from "./container-files.ts";
import type { ContainerEngine, ProcessStart } from "./container-engine.ts";
import type { ContainerRecord } from "./container-record.ts";
import type { DiskMeter } from "./disk-usage.ts";
import type { CellHost } from "./cell-host.ts";
import { openTerminal, terminalProcess } from "./open-terminal.ts";
import { endAllButInit } from "./end-all-but-init.ts";
import { OverlaySnapshots, type RootOverlay } from "./overlay-snapshots.ts";
import { couldNotJoin, lastLogLine } from "./last-log-line.ts";
import { SupervisedProcess } from "./supervised-process.ts";

// Programs give up before the last block is taken.
const fullWithinBytes = 1024 * 1024;

const newFile = { flags: "wx", mode: 0o600 } as const;

const namePattern = /^[a-z0-9-]{1,64}$/;

const supervisor = path.join(import.meta.dirname, "supervise.pl");

/** A container whose processes each have a supervisor of their own, outside of it. */
export class SupervisedContainer implements Container {
  readonly record: ContainerRecord;
  readonly dir: string;
  readonly #host: CellHost;
  readonly #engine: ContainerEngine;
  readonly #disk: DiskMeter;
  readonly #processes = new Map<string, SupervisedProcess>();
  readonly #destroy: () => Promise<void>;
  readonly snapshots: ContainerSnapshots | undefined;
  #insideCount = 0;

  constructor(options: {
    readonly record: ContainerRecord;
    readonly dir: string;
    readonly host: CellHost;
    readonly engine: ContainerEngine;
    readonly disk: DiskMeter;
    /** Undefined where no further overlay can be put over its root. */
    readonly overlay: RootOverlay | undefined;
    readonly destroy: () => Promise<void>;
  }) {
    this.record = options.record;
    this.dir = options.dir;
    this.#host = options.host;
    this.#engine = options.engine;
    this.#disk = options.disk;
    this.#destroy = options.destroy;
    const { overlay, record, host } = options;
    const { init } = record;
    this.snapshots =
      overlay === undefined || init === undefined
        ? undefined
        : new OverlaySnapshots({
            host,
            overlay,
            init,
            scratch: () => `${this.#nextInside()}.read`,
          });
  }

  get handle(): string {
    return this.record.handle;
  }

  get properties(): Readonly<Record<string, string>> {
    return this.record.properties;
  }

  get address(): string {
    return this.record.address;
  }

  reachablePort(containerPort: number): number {
    return this.#engine.reachablePort(containerPort);
  }

  async run(spec: ProcessSpec): Promise<ContainerProcess> {
    assertName("process id", spec.id);
    const dir = this.#processDir(spec.id);
    if (existsSync(dir)) throw new Error(`Cannot run process "${spec.id}": its id is taken`);
    const logFile = path.join(dir, "runtime.log");
    let result = await this.#start(spec, { dir, logFile });
    // On a busy machine crun's `run` can return a few hundred ms before its init may be joined: nothing has run then.
    for (
      let waitMs = 20;
      result.status !== 0 && couldNotJoin(logFile) && waitMs < 3_000;
      waitMs *= 2
    ) {
      await this.#host.clock.sleep(waitMs);
      rmSync(dir, { recursive: true, force: true });
      result = await this.#start(spec, { dir, logFile });
    }
    const process = SupervisedProcess.open(spec.id, dir);
    if (result.status !== 0 || process === undefined) {
      const reason = result.stderr.trim() === "" ? lastLogLine(logFile) : result.stderr.trim();
      throw new Error(`Cannot run "${spec.path}" in container "${this.handle}": ${reason}`);
    }
    this.#processes.set(spec.id, process);
    return process;
  }

  async #start(
    spec: ProcessSpec,
    { dir, logFile }: { readonly dir: string; readonly logFile: string },
  ) {
    const user = this.#user(spec.user);
    mkdirSync(dir, { mode: 0o700 });
    const command = this.#engine.startCommand({
      spec,
      user,
      processFile: path.join(dir, "process.json"),
      pidFile: path.join(dir, "pid"),
      logFile,
      detach: true,
    });
    const owner = String(this.#engine.hostIdOf(user));
    const trace = spec.traced === true ? "trace" : "-";
    return await this.#host.spawner.run(
      "perl",
      [supervisor, dir, this.#engine.oomFile, owner, trace, ...command],
      { timeoutMs: 30_000 },
    );
  }

  async process(id: string): Promise<ContainerProcess | undefined> {
    assertName("process id", id);
    // One reader for a process's pipes, whoever asks.
    const known = this.#processes.get(id);
    if (known !== undefined) return known;
    const process = SupervisedProcess.open(id, this.#processDir(id));
    if (process !== undefined) this.#processes.set(id, process);
    return process;
  }

  async streamIn(options: {
    readonly path: string;
    readonly user: string;
    readonly tar: Readable;
  }): Promise<void> {
    const inside = this.#inside(options.user, scriptWith(extractScript, options.path));
    await streamInto(inside, options.tar);
  }

  async streamOut({ path: file, user }: ContainerFile): Promise<Readable> {
    const command = this.#readCommand({ path: file, user });
    if (command === undefined) {
      return streamFrom(this.#inside(user, scriptWith(readScript, file)), file);
    }
    const to = `${this.#nextInside()}.copy`;
    try {
      await copyOut(this.#host.spawner, command, { file, to });
      return (await open(to)).createReadStream();
    } finally {
      await rm(to, { force: true });
    }
  }

  async copyOut(file: ContainerFile, to: string, signal: AbortSignal): Promise<void> {
    const command = this.#readCommand(file);
    if (command !== undefined) {
      await copyOut(this.#host.spawner, command, { file: file.path, to, signal });
    } else await pipeline(await this.streamOut(file), createWriteStream(to, newFile), { signal });
  }

  #readCommand({ path: file, user }: ContainerFile): readonly string[] | undefined {
    // A file with holes may hold more than its disk.
    const limitBytes = this.#disk.limitBytes ?? 0;
    return this.#engine.readCommand?.({ path: file, user: this.#user(user), limitBytes });
  }

  openTerminal(spec: TerminalSpec): ContainerTerminal {
    return openTerminal(this.#inside(spec.user, terminalProcess(spec)));
  }

  async endProcesses(): Promise<void> {
    const { init } = this.record;
    if (init !== undefined) await endAllButInit(init, this.#host.clock);
  }

  async metrics(): Promise<ContainerMetrics> {
    return {
      ...(await this.#engine.usage()),
      diskBytes: this.record.layerBytes + (await this.#disk.bytes()),
      createdAt: parseInstant(this.record.createdAt) ?? this.#host.clock.now(),
    };
  }

  async fullDisk(): Promise<FullDisk | undefined> {
    const { limitBytes } = this.#disk;
    if (limitBytes === undefined) return undefined;
    const usedBytes = this.record.layerBytes + (await this.#disk.bytes());
    return limitBytes - usedBytes < fullWithinBytes ? { usedBytes, limitBytes } : undefined;
  }

  async destroy(): Promise<void> {
    await this.#destroy();
  }

  /** Stops reading from all processes; they go on. */
  detach(): void {
    for (const process of this.#processes.values()) process.detach();
  }

  /** Every process that was ever run here, for whoever ends the container. */
  async allProcesses(): Promise<SupervisedProcess[]> {
    for (const id of readdirSync(path.join(this.dir, "processes"))) await this.process(id);
    return [...this.#processes.values()];
  }

  #processDir(id: string): string {
    return path.join(this.dir, "processes", id);
  }

  #user(name: string): StackUser {
    const user = findUser(readPasswd(this.record.rootfs), name);
    if (user === undefined) {
      throw new Error(`Cannot run as "${name}": stack "${this.record.stack}" has no such user`);
    }
    return user;
  }

  /** A path for what belongs to one command, of this run of the cell or another. */
  #nextInside(): string {
    this.#insideCount += 1;
    return path.join(this.dir, "inside", `${this.#host.incarnation}-${this.#insideCount}`);
  }

  #inside(userName: string, spec: ProcessStart["spec"]): InsideCommand {
    const user = this.#user(userName);
    const base = this.#nextInside();
    const pidFile = `${base}.pid`;
    const command = this.#engine.startCommand({
      spec,
      user,
      processFile: `${base}.json`,
      pidFile,
      logFile: path.join(this.dir, "runtime.log"),
      detach: false,
    });
    return { command, pidFile };
  }
}

function scriptWith(script: string, argument: string): ProcessStart["spec"] {
  return {
    path: "/bin/sh",
    args: ["-c", script, "sh", argument],
    env: [{ name: "PATH", value: "/usr/bin:/bin" }],
    dir: "/",
  };
}

export function assertName(what: string, name: string): void {
  if (!namePattern.test(name)) {
    throw new Error(`Cannot use "${name}" as a ${what}: it must match ${namePattern.source}`);
  }
}
