import type { Readable, Writable } from "node:stream";

/**
 * The seam between the executor, which knows actions, and the runtime, which knows OCI, namespaces, cgroups and
 * mounts. Modelled on Garden: a container with a sleeping init, processes run in it, tar streams in, files out.
 * Containers and the exit status and output of their processes outlive the cell (supervisors outside): `containers()`
 * finds them again.
 */
export interface ContainerRuntime extends AsyncDisposable {
  readonly description: RuntimeDescription;
  create(spec: ContainerSpec, signal?: AbortSignal): Promise<Container>;
  /** Those that live, made by this or an earlier run of the cell. Half-made ones have been swept. */
  containers(): Promise<Container[]>;
  /**
   * Unpacks an archive of the host (tgz, tar or zip, told by its content) once into a directory of the cell and gives
   * that directory; a second call with the key gives it at once. Complete or absent, whatever is killed. For use in
   * `layers` (owner "vcap", `below` the place that it fills) and in `binds` (owner "root", `below` = `/`).
   * @throws `UnsafeArchive` where a name or a link would leave the directory.
   */
  unpack(request: UnpackRequest): Promise<string>;
  /** Bytes on disk of a directory that `unpack` gave. */
  unpackedBytes(directory: string): number;
  /** Removes what was unpacked under other keys, except what a living container uses. */
  pruneUnpacked(keep: ReadonlySet<string>): Promise<void>;
}

export interface UnpackRequest {
  /** `^[a-zA-Z0-9._-]{1,200}$`; the checksum where there is one. */
  readonly key: string;
  readonly archive: string;
  readonly owner: "vcap" | "root";
  /** Where in the container's tree the content is to appear; `/` for a bind. */
  readonly below: string;
}

export interface RuntimeDescription {
  readonly kind: "crun" | "runc" | "process";
  /** Limits that are enforced and verified on each container. */
  readonly enforced: readonly ("memory" | "pids" | "cpu" | "disk" | "network")[];
  /** Whether a container may rename folders of its layers; where not, `mv` copies and a plain rename fails. */
  readonly renamesLayers: boolean;
  /** What a person must know: why an earlier runtime was not taken, what is not enforced. One line each. */
  readonly notes: readonly string[];
  /** Names that `preloaded:NAME` may name. */
  readonly stacks: readonly string[];
  /** What may be laid over them, read-only: a toolchain's name -> its folder on the host, for a bind. */
  readonly toolchains: Readonly<Record<string, string>>;
}

export interface ContainerSpec {
  /** `^[a-z0-9-]{1,64}$`, unique on the cell. */
  readonly handle: string;
  /** Name of a stack, `cflinuxfs4`. */
  readonly stack: string;
  /**
   * Read-only file trees laid over the stack, the last on top: directories on the host whose content appears at `/`
   * (a droplet layer holds `home/vcap/...`), owned by 2000:2000.
   */
  readonly layers: readonly string[];
  readonly binds: readonly ReadOnlyBind[];
  readonly limits: ContainerLimits;
  /** Whether packets may leave to the world (NAT); an app is reached at its own address either way. */
  readonly egress: boolean;
  /** Kept with the container and given back by `containers()`. */
  readonly properties: Readonly<Record<string, string>>;
}

export interface ReadOnlyBind {
  /** Absolute path on the host, a directory or a file. */
  readonly source: string;
  readonly destination: string;
}

export interface ContainerLimits {
  /** 0: unlimited. */
  readonly memoryBytes: number;
  readonly pids: number;
  readonly cpuShares: number;
  /** Of layers and of what is written over them together; 0: unlimited. */
  readonly diskBytes: number;
}

export interface Container {
  readonly handle: string;
  readonly properties: Readonly<Record<string, string>>;
  /** The container's own address; with the `process` runtime 127.0.0.1. */
  readonly address: string;
  /**
   * The port of the host on which a port of the container is reached at `address`: the same number, but for runtimes
   * without a network of their own, where the app must be told another PORT.
   */
  reachablePort(containerPort: number): number;
  run(spec: ProcessSpec): Promise<ContainerProcess>;
  /** A process run earlier (also by an earlier run of the cell), or undefined. */
  process(id: string): Promise<ContainerProcess | undefined>;
  /** Extracts a tar (not compressed) as `user` below `path`, which is made if it is missing. */
  streamIn(options: {
    readonly path: string;
    readonly user: string;
    readonly tar: Readable;
  }): Promise<void>;
  /**
   * The bytes of one regular file, as `user` could read it inside the container: no link leads out of that.
   * @throws `ContainerFileError` where it is missing, no regular file or unreadable.
   */
  streamOut(file: ContainerFile): Promise<Readable>;
  /** Copies such a file to a new file of the host. Whatever fails, what has been written is the caller's to remove. */
  copyOut(file: ContainerFile, to: string, signal: AbortSignal): Promise<void>;
  /** A program on a terminal of its own, beside whatever else the container does. It does not outlive the cell. */
  openTerminal(spec: TerminalSpec): ContainerTerminal;
  /** Kills whatever runs in it, and leaves it as it stands. @throws where something is not to be killed */
  endProcesses(): Promise<void>;
  /** Undefined where the runtime cannot take any. */
  readonly snapshots: ContainerSnapshots | undefined;
  metrics(): Promise<ContainerMetrics>;
  /** Undefined where there is room left, or no limit. */
  fullDisk(): Promise<FullDisk | undefined>;
  /** Kills what runs, unmounts, removes. Idempotent. */
  destroy(): Promise<void>;
}

/** What lay below `/tmp` at some moments of a container's life. They count against its disk limit and go with it. */
export interface ContainerSnapshots {
  /**
   * Keeps what lies there now under a name, while the one process that runs in the container waits and holds nothing open there.
   * @throws `SnapshotRefused` where that cannot be; nothing has changed then
   */
  take(name: string): Promise<void>;
  /**
   * That of then as a tar of the entries of `/tmp`, without what is mounted there. @throws `SnapshotRefused`: there is no such
   */
  read(name: string): Readable;
}

export interface ContainerFile {
  readonly path: string;
  readonly user: string;
}

export interface ProcessSpec {
  /** `^[a-z0-9-]{1,64}$`, unique in the container. */
  readonly id: string;
  readonly path: string;
  readonly args: readonly string[];
  /** The whole environment, but PATH, USER and HOME, which are added where absent, as Garden does. */
  readonly env: readonly { readonly name: string; readonly value: string }[];
  /** Empty: the user's home. */
  readonly dir: string;
  readonly user: string;
  readonly nofile?: number;
  /**
   * Whether its descriptor 3 is a pipe whose other end is `trace`, for what a program says beside its output. From its
   * descriptor 4 it reads a byte for each line of that which has been read: one that waits for it has its output and its
   * trace in order.
   */
  readonly traced?: boolean;
}

export interface TerminalSpec {
  readonly path: string;
  readonly args: readonly string[];
  /** As of a process. */
  readonly env: ProcessSpec["env"];
  /** Where it cannot be entered, the terminal says so and stands at the root. */
  readonly dir: string;
  readonly user: string;
  readonly columns: number;
  readonly rows: number;
}

export interface ContainerTerminal {
  /** What is typed. Its end hangs the terminal up. */
  readonly input: Writable;
  /** What the terminal shows. Where it is not read, the program waits. */
  readonly output: Readable;
  resize(columns: number, rows: number): void;
  /** 128 + n for a signal. Never rejects; after the end of `output`. */
  readonly exited: Promise<number>;
  /** Hangs up at once, whatever has not been read. */
  close(): void;
}

export interface ContainerProcess {
  readonly id: string;
  /** Ends once the process has ended and everything it wrote has been read. Read both, or the process blocks. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * Of a traced process: what it writes to its descriptor 3; to be read like the outputs. A chunk comes after all that was
   * written to the outputs before it.
   */
  readonly trace?: Readable;
  /** Of a traced process: text for its descriptor 4, beside the bytes that tell of lines that were read. */
  answer?(text: string): void;
  signal(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Resolves once; rejects with `SupervisorLost` where the status cannot be known. */
  readonly exited: Promise<ProcessExit>;
}

export interface ProcessExit {
  /** 128 + n for a signal, as Garden reports. */
  readonly status: number;
  /** The kernel killed something of the container for memory while this process ran, and it ended by SIGKILL. */
  readonly outOfMemory: boolean;
}

export interface ContainerMetrics {
  readonly cpuNanoseconds: bigint;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly pids: number;
  readonly createdAt: Date;
  /** The most that it has ever used, and how often the kernel has killed something of it for that; where it is counted. */
  readonly memoryPeakBytes?: number;
  readonly outOfMemoryKills?: number;
}

export interface FullDisk {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

export class ContainerFileError extends Error {
  override readonly name = "ContainerFileError";
}

/** The message says why, to a developer. */
export class SnapshotRefused extends Error {
  override readonly name = "SnapshotRefused";
}

export class SupervisorLost extends Error {
  override readonly name = "SupervisorLost";
}

export class UnsafeArchive extends Error {
  override readonly name = "UnsafeArchive";
}
