import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { CgroupLayout } from "../cgroup/cgroup-files.ts";
import { childCgroups, killAndRemoveCgroup } from "../cgroup/remove-cgroup.ts";
import { limitsNotInForce } from "../cgroup/verify-limits.ts";
import type {
  Container,
  ContainerRuntime,
  ContainerSpec,
  ReadOnlyBind,
  RuntimeDescription,
  UnpackRequest,
} from "../container-runtime.ts";
import { ArchiveCache } from "../archive/archive-cache.ts";
import { isAlive, startTimeOf } from "../host/process-identity.ts";
import type { Stack } from "../stack/stack-paths.ts";
import { vcapId } from "../stack/users.ts";
import type { SupervisedProcess } from "../supervised/supervised-process.ts";
import { slotIdentity, SlotPool } from "../network/addresses.ts";
import { attachNetwork } from "../network/host-network.ts";
import type { CellHost } from "../supervised/cell-host.ts";
import { foldersOf, readRecord, writeRecord } from "../supervised/container-record.ts";
import { DiskUsage } from "../supervised/disk-usage.ts";
import { lastLogLine } from "../supervised/last-log-line.ts";
import { Permits } from "../supervised/permits.ts";
import type { RootOverlay } from "../supervised/overlay-snapshots.ts";
import { assertName, SupervisedContainer } from "../supervised/supervised-container.ts";
import { Trash } from "../supervised/trash.ts";
import { prepareUpper } from "../supervised/upper-layer.ts";
import { ContainerDisks, DiskOfContainer } from "./container-disks.ts";
import { destroyContainer } from "./destroy-container.ts";
import { OciCommand, type OciRuntimeName } from "./oci-command.ts";
import { OciEngine } from "./oci-engine.ts";
import { type OciRecord, ociRecord } from "./oci-record.ts";
import { containerConfig, hostIdOf, type IdMap } from "./oci-spec.ts";

const mountOverlay = path.join(import.meta.dirname, "mount-overlay.pl");
const createsAtOnce = 4;

// A folder of a layer can be renamed only with redirect_dir: `mv /home/vcap/app` of a droplet.
const overlayOptions = "redirect_dir=on";

export interface OciRuntimeConfig {
  readonly runtime: OciRuntimeName;
  readonly idMapKind: IdMap["kind"];
  readonly range: number;
  readonly cgroups: CgroupLayout;
  readonly containersMax: number;
  readonly stacks: ReadonlyMap<string, Stack>;
  /** In every container, before its own binds. */
  readonly binds: readonly ReadOnlyBind[];
  readonly resolvConf: string;
  /** Whether disk limits are enforced: each container writes to a disk of its own then. */
  readonly limitsDisk: boolean;
  readonly description: RuntimeDescription;
  /** Runs at the end of the disposal. */
  readonly onClosed: (hasContainers: boolean) => Promise<void>;
}

/** Containers by an OCI runtime. One folder a container below `containers/`; see `docs/containers.md`. */
export class OciRuntime implements ContainerRuntime {
  readonly #config: OciRuntimeConfig;
  readonly #host: CellHost;
  readonly #slots: SlotPool;
  readonly #permits = new Permits(createsAtOnce);
  readonly #archives: ArchiveCache;
  readonly #disks: ContainerDisks;
  readonly #containers = new Map<string, SupervisedContainer>();
  readonly #destroying = new Map<string, Promise<void>>();
  readonly #trash: Trash;

  constructor(config: OciRuntimeConfig, host: CellHost) {
    this.#config = config;
    this.#host = host;
    this.#slots = new SlotPool(config.containersMax);
    this.#trash = new Trash(host);
    this.#archives = new ArchiveCache(path.join(host.dataDir, "unpacked"), host.spawner);
    this.#disks = new ContainerDisks(path.join(host.dataDir, "disks"));
  }

  get description(): RuntimeDescription {
    return this.#config.description;
  }

  /** Adopts the containers that live and sweeps what is half made. Before anything else. */
  async adopt(): Promise<void> {
    const folder = path.join(this.#host.dataDir, "containers");
    const living: OciRecord[] = [];
    const remains: string[] = [];
    for (const handle of readdirSync(folder)) {
      const record = readRecord(path.join(folder, handle), ociRecord);
      const lives = record?.init !== undefined && isAlive(record.init);
      if (lives && record.bootId === this.#host.bootId) living.push(record);
      else remains.push(handle);
    }
    for (const record of living) {
      this.#slots.reserve(record.slot);
      this.#containers.set(record.handle, this.#container(record));
    }
    for (const handle of remains) {
      this.#host.logger.info("container-swept", { handle });
      const dir = path.join(folder, handle);
      await this.#remove(dir, []);
    }
    await this.#sweepRange(new Set(living.map(({ cgroup }) => cgroup)));
    this.#trash.empty();
    this.#archives.sweep();
  }

  /** The range is ours alone: what runs in it and is not known here belongs to a cell whose folder was removed. */
  async #sweepRange(known: ReadonlySet<string>): Promise<void> {
    for (const name of childCgroups(this.#config.cgroups, "/rivera")) {
      const cgroup = `/rivera/${name}`;
      if (!name.startsWith(`${this.#config.range}-`) || known.has(cgroup)) continue;
      this.#host.logger.warn("orphan-swept", { cgroup });
      await killAndRemoveCgroup(this.#config.cgroups, cgroup, this.#host.clock);
    }
  }

  async create(spec: ContainerSpec, signal?: AbortSignal): Promise<Container> {
    assertName("container handle", spec.handle);
    const stack = this.#config.stacks.get(spec.stack);
    if (stack === undefined) {
      const known = [...this.#config.stacks.keys()].join(", ");
      throw new Error(`Cannot create a container: no stack "${spec.stack}", there is ${known}`);
    }
    if (existsSync(this.#dirOf(spec.handle))) {
      throw new Error(`Cannot create container "${spec.handle}": the handle is taken`);
    }
    const slot = this.#slots.take();
    if (slot === undefined) {
      throw new Error(`Cannot create a container: all ${this.#config.containersMax} are taken`);
    }
    // Claims the handle: whoever asks for it again finds the folder.
    mkdirSync(this.#dirOf(spec.handle), { mode: 0o711 });
    try {
      return await this.#permits.run(async () => {
        signal?.throwIfAborted();
        const container = await this.#make(spec, stack, slot);
        this.#containers.set(spec.handle, container);
        signal?.throwIfAborted();
        return container;
      });
    } catch (error) {
      await this.#destroy(spec.handle, slot).catch((destroyError: unknown) => {
        // The folder stays, so the next start of the cell sweeps it.
        this.#host.logger.error("half-made-container-stays", {
          handle: spec.handle,
          error: destroyError,
        });
      });
      throw error;
    }
  }

  async containers(): Promise<Container[]> {
    return [...this.#containers.values()];
  }

  async unpack(request: UnpackRequest): Promise<string> {
    return (await this.#archives.unpack(request)).root;
  }

  unpackedBytes(directory: string): number {
    return this.#archives.bytesOf([directory]);
  }

  async pruneUnpacked(keep: ReadonlySet<string>): Promise<void> {
    const records = [...this.#containers.values()].map(({ record }) => record);
    await this.#archives.prune(keep, foldersOf(records));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#destroying.values());
    for (const container of this.#containers.values()) container.detach();
    await this.#trash[Symbol.asyncDispose]();
    await this.#config.onClosed(this.#containers.size > 0);
    await this.#host.spawner[Symbol.asyncDispose]();
  }

  async #make(spec: ContainerSpec, stack: Stack, slot: number): Promise<SupervisedContainer> {
    const { runtime, range, idMapKind } = this.#config;
    const identity = slotIdentity(range, slot, spec.egress);
    const idMap: IdMap = { kind: idMapKind, base: identity.hostIdBase };
    const binds = [...this.#config.binds, ...spec.binds];
    const record: OciRecord = {
      handle: spec.handle,
      runtime,
      bootId: this.#host.bootId,
      slot,
      address: identity.address,
      idMap,
      cgroup: `/rivera/${range}-${spec.handle}`,
      diskBytes: this.#config.limitsDisk ? spec.limits.diskBytes : 0,
      stack: spec.stack,
      rootfs: stack.rootfs,
      layers: [...spec.layers],
      binds: binds.map(({ source }) => source),
      layerBytes: this.#archives.bytesOf(spec.layers),
      properties: { ...spec.properties },
      createdAt: this.#host.clock.now().toISOString(),
    };
    const dir = this.#dirOf(spec.handle);
    writeRecord(dir, record);
    this.#writeBundle({ spec, stack, record, binds });
    const logFile = path.join(dir, "runtime.log");
    const pidFile = path.join(dir, "pid");
    await this.#command(runtime).runDetached({
      spawner: this.#host.spawner,
      id: spec.handle,
      bundle: dir,
      pidFile,
      logFile,
      after: await this.#mountCommand(spec, stack, record),
    });
    const pid = Number(readFileSync(pidFile, "utf8"));
    const startTime = startTimeOf(pid);
    if (startTime === undefined) {
      throw new Error(`Container "${spec.handle}" ended at once: ${lastLogLine(logFile)}`);
    }
    writeRecord(dir, { ...record, init: { pid, startTime } });
    const missing = limitsNotInForce(this.#config.cgroups, record.cgroup, spec.limits);
    if (missing.length > 0) {
      throw new Error(`Container "${spec.handle}" lacks its limits: ${missing.join("; ")}`);
    }
    await attachNetwork(this.#host.spawner, pid, identity);
    return this.#container({ ...record, init: { pid, startTime } });
  }

  #writeBundle(options: {
    readonly spec: ContainerSpec;
    readonly stack: Stack;
    readonly record: OciRecord;
    readonly binds: readonly ReadOnlyBind[];
  }): void {
    const { spec, stack, record, binds } = options;
    const dir = this.#dirOf(spec.handle);
    const hostname = spec.handle.slice(0, 63);
    const own: ReadOnlyBind[] = [
      { source: path.join(dir, "hosts"), destination: "/etc/hosts" },
      { source: path.join(dir, "resolv.conf"), destination: "/etc/resolv.conf" },
    ];
    writeFileSync(
      path.join(dir, "hosts"),
      `127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n${record.address} ${hostname}\n`,
    );
    writeFileSync(path.join(dir, "resolv.conf"), this.#config.resolvConf);
    for (const name of ["upper", "work", "rootfs"]) mkdirSync(path.join(dir, name));
    for (const name of ["processes", "inside"]) mkdirSync(path.join(dir, name), { mode: 0o700 });
    prepareUpper(path.join(dir, "upper"), hostIdOf(record.idMap, vcapId), binds);
    const config = containerConfig({
      hostname,
      cgroup: record.cgroup,
      rootfs: path.join(dir, "rootfs"),
      idMap: record.idMap,
      limits: spec.limits,
      hostFolders: stack.hostFolders,
      folderBinds: binds.filter(({ source }) => statSync(source).isDirectory()),
      fileBinds: [...own, ...binds.filter(({ source }) => !statSync(source).isDirectory())],
      arch: process.arch,
    });
    writeFileSync(path.join(dir, "config.json"), JSON.stringify(config), { mode: 0o600 });
  }

  /** Mounts the container's root and then runs what stands behind it. */
  async #mountCommand(spec: ContainerSpec, stack: Stack, record: OciRecord): Promise<string[]> {
    const { idMap, diskBytes, layerBytes } = record;
    const disk =
      diskBytes === 0
        ? []
        : [`disk:${diskBytes}:${layerBytes}:${await this.#disks.template(diskBytes)}`];
    const dir = this.#dirOf(spec.handle);
    const lowers = [...disk, ...lowersOf(record, stack)];
    return ["perl", mountOverlay, dir, String(idMap.base), overlayOptions, ...lowers, "--"];
  }

  #container(record: OciRecord): SupervisedContainer {
    const dir = this.#dirOf(record.handle);
    return new SupervisedContainer({
      record,
      dir,
      host: this.#host,
      engine: new OciEngine({
        record,
        host: this.#host,
        command: this.#command(record.runtime),
        cgroups: this.#config.cgroups,
      }),
      disk:
        record.diskBytes === 0 || record.init === undefined
          ? new DiskUsage([path.join(dir, "upper"), path.join(dir, "snapshots")], this.#host.clock)
          : new DiskOfContainer({
              pid: record.init.pid,
              limitBytes: record.diskBytes,
              layerBytes: record.layerBytes,
            }),
      overlay: this.#overlayOf(record),
      destroy: () => this.#destroy(record.handle, record.slot),
    });
  }

  #overlayOf(record: OciRecord): RootOverlay | undefined {
    const stack = this.#config.stacks.get(record.stack);
    if (stack === undefined) return undefined;
    const dir = this.#dirOf(record.handle);
    const hasDisk = record.diskBytes > 0;
    const lowers = lowersOf(record, stack);
    return {
      idBase: record.idMap.base,
      options: overlayOptions,
      // With a disk of its own what was laid out for it beforehand lies below what it writes.
      lowers: hasDisk ? [path.join(dir, "upper"), ...lowers] : lowers,
      upper: path.join(dir, hasDisk ? "disk/upper" : "upper"),
      snapshotsDir: path.join(dir, hasDisk ? "disk/snapshots" : "snapshots"),
      rootInside: "",
    };
  }

  /** One destruction of a handle at a time; a second call waits for the first. */
  async #destroy(handle: string, slot: number): Promise<void> {
    const running = this.#destroying.get(handle);
    if (running !== undefined) return running;
    if (!existsSync(this.#dirOf(handle))) return;
    const destruction = this.#destroyNow(handle, slot).finally(() =>
      this.#destroying.delete(handle),
    );
    this.#destroying.set(handle, destruction);
    return destruction;
  }

  async #destroyNow(handle: string, slot: number): Promise<void> {
    const container = this.#containers.get(handle);
    const processes = container === undefined ? [] : await container.allProcesses();
    await this.#remove(this.#dirOf(handle), processes);
    this.#containers.delete(handle);
    // Last, so that nobody gets the ids and the address of something that still is.
    this.#slots.free(slot);
    this.#trash.empty();
  }

  async #remove(dir: string, processes: readonly SupervisedProcess[]): Promise<void> {
    await destroyContainer({ host: this.#host, cgroups: this.#config.cgroups, dir, processes });
  }

  #command(runtime: OciRuntimeName): OciCommand {
    return new OciCommand(runtime, path.join(this.#host.dataDir, "state", runtime));
  }

  #dirOf(handle: string): string {
    return path.join(this.#host.dataDir, "containers", handle);
  }
}

/** What lies under all that the container writes, the first on top, as `mount-overlay.pl` takes it. */
function lowersOf({ layers, idMap }: OciRecord, stack: Stack): string[] {
  const mark = (folder: string, idmapped: boolean): string =>
    idmapped && idMap.kind === "idmapped" ? `id:${folder}` : folder;
  return [
    ...layers.toReversed().map((layer) => mark(layer, true)),
    mark(stack.rootfs, stack.idmapped),
  ];
}
