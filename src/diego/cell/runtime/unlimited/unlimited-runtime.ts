import { existsSync, mkdirSync, readdirSync } from "node:fs";
import path from "node:path";
import { ArchiveCache } from "../archive/archive-cache.ts";
import type {
  Container,
  ContainerRuntime,
  ContainerSpec,
  ReadOnlyBind,
  RuntimeDescription,
  UnpackRequest,
} from "../container-runtime.ts";
import { isAlive, startTimeOf } from "../host/process-identity.ts";
import type { Stack } from "../stack/stack-paths.ts";
import type { CellHost } from "../supervised/cell-host.ts";
import {
  containerRecord,
  foldersOf,
  readRecord,
  writeRecord,
} from "../supervised/container-record.ts";
import { DiskUsage } from "../supervised/disk-usage.ts";
import { endProcesses } from "../supervised/end-container.ts";
import type { RootOverlay } from "../supervised/overlay-snapshots.ts";
import { Permits } from "../supervised/permits.ts";
import { assertName, SupervisedContainer } from "../supervised/supervised-container.ts";
import { discardFolder, Trash } from "../supervised/trash.ts";
import { prepareUpper } from "../supervised/upper-layer.ts";
import type { ContainerMaker } from "./container-maker.ts";
import { freePort } from "./free-port.ts";
import { hostIdOfVcap, type UnlimitedRecord, unlimitedRecord } from "./unlimited-record.ts";

const createsAtOnce = 4;

export interface UnlimitedRuntimeConfig {
  readonly maker: ContainerMaker;
  readonly stacks: ReadonlyMap<string, Stack>;
  readonly binds: readonly ReadOnlyBind[];
  readonly description: RuntimeDescription;
}

/**
 * Containers for whom no limit is enforced and whose network is the host's: each has a port of the host in place of
 * 8080. What makes them is the maker's to know.
 */
export class UnlimitedRuntime implements ContainerRuntime {
  readonly #config: UnlimitedRuntimeConfig;
  readonly #host: CellHost;
  readonly #permits = new Permits(createsAtOnce);
  readonly #archives: ArchiveCache;
  readonly #containers = new Map<string, SupervisedContainer>();
  readonly #ports = new Set<number>();
  readonly #destroying = new Map<string, Promise<void>>();
  readonly #trash: Trash;

  constructor(config: UnlimitedRuntimeConfig, host: CellHost) {
    this.#config = config;
    this.#host = host;
    this.#trash = new Trash(host);
    this.#archives = new ArchiveCache(path.join(host.dataDir, "unpacked"), host.spawner);
  }

  get description(): RuntimeDescription {
    return this.#config.description;
  }

  async adopt(): Promise<void> {
    const folder = path.join(this.#host.dataDir, "containers");
    for (const handle of readdirSync(folder)) {
      const record = readRecord(path.join(folder, handle), unlimitedRecord);
      const lives = record?.init !== undefined && isAlive(record.init);
      if (lives && record.bootId === this.#host.bootId && this.#config.maker.adopts(record)) {
        this.#ports.add(record.port);
        this.#containers.set(handle, this.#container(record));
      } else {
        this.#host.logger.info("container-swept", { handle });
        await this.#remove(path.join(folder, handle));
      }
    }
    this.#trash.empty();
    this.#archives.sweep();
  }

  async create(spec: ContainerSpec, signal?: AbortSignal): Promise<Container> {
    assertName("container handle", spec.handle);
    const stack = this.#config.stacks.get(spec.stack);
    if (stack === undefined) throw new Error(`Cannot create a container: no stack "${spec.stack}"`);
    const dir = this.#dirOf(spec.handle);
    if (existsSync(dir)) {
      throw new Error(`Cannot create container "${spec.handle}": the handle is taken`);
    }
    mkdirSync(dir, { mode: 0o711 });
    try {
      return await this.#permits.run(async () => {
        signal?.throwIfAborted();
        const container = this.#container(await this.#make(spec, stack));
        this.#containers.set(spec.handle, container);
        signal?.throwIfAborted();
        return container;
      });
    } catch (error) {
      await this.#destroy(spec.handle).catch((destroyError: unknown) => {
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
    await this.#config.maker.close(this.#containers.size > 0);
    await this.#host.spawner[Symbol.asyncDispose]();
  }

  async #make(spec: ContainerSpec, stack: Stack): Promise<UnlimitedRecord> {
    const binds = [...this.#config.binds, ...spec.binds];
    const dir = this.#dirOf(spec.handle);
    const record: UnlimitedRecord = {
      handle: spec.handle,
      maker: this.#config.maker.name,
      bootId: this.#host.bootId,
      address: "127.0.0.1",
      stack: spec.stack,
      rootfs: stack.rootfs,
      layers: [...spec.layers],
      binds: binds.map(({ source }) => source),
      layerBytes: this.#archives.bytesOf(spec.layers),
      properties: { ...spec.properties },
      createdAt: this.#host.clock.now().toISOString(),
      port: await this.#takePort(),
    };
    writeRecord(dir, record);
    for (const name of ["upper", "work", "rootfs", "processes", "inside"]) {
      mkdirSync(path.join(dir, name));
    }
    prepareUpper(path.join(dir, "upper"), hostIdOfVcap(), binds);
    const pid = await this.#config.maker.start({
      dir,
      handle: spec.handle,
      lowers: [...spec.layers.toReversed(), stack.rootfs],
      hostFolders: stack.hostFolders,
      binds,
    });
    const running = { ...record, init: { pid, startTime: startTimeOf(pid) ?? "" } };
    writeRecord(dir, running);
    return running;
  }

  #container(record: UnlimitedRecord): SupervisedContainer {
    const dir = this.#dirOf(record.handle);
    return new SupervisedContainer({
      record,
      dir,
      host: this.#host,
      engine: this.#config.maker.engine(record, dir),
      disk: new DiskUsage([path.join(dir, "upper"), path.join(dir, "snapshots")], this.#host.clock),
      overlay: this.#overlayOf(record, dir),
      destroy: () => this.#destroy(record.handle),
    });
  }

  #overlayOf(record: UnlimitedRecord, dir: string): RootOverlay | undefined {
    const { maker } = this.#config;
    const { overlayOptions } = maker;
    if (overlayOptions === undefined) return undefined;
    return {
      idBase: 0,
      options: overlayOptions,
      lowers: [...record.layers.toReversed(), record.rootfs],
      upper: path.join(dir, "upper"),
      snapshotsDir: path.join(dir, "snapshots"),
      rootInside: maker.rootInside(dir),
    };
  }

  async #destroy(handle: string): Promise<void> {
    const running = this.#destroying.get(handle);
    if (running !== undefined) return running;
    const destruction = this.#remove(this.#dirOf(handle)).finally(() =>
      this.#destroying.delete(handle),
    );
    this.#destroying.set(handle, destruction);
    return destruction;
  }

  async #remove(dir: string): Promise<void> {
    if (!existsSync(dir)) return;
    const handle = path.basename(dir);
    // Also one that another runtime made in this folder.
    const record = readRecord(dir, containerRecord);
    if (record?.bootId === this.#host.bootId) {
      const processes = (await this.#containers.get(handle)?.allProcesses()) ?? [];
      await endProcesses({ host: this.#host, dir, record, processes });
    }
    await this.#config.maker.clear(handle, dir);
    const port = readRecord(dir, unlimitedRecord)?.port;
    this.#containers.delete(handle);
    discardFolder(this.#host, dir);
    if (port !== undefined) this.#ports.delete(port);
    this.#trash.empty();
  }

  async #takePort(): Promise<number> {
    for (;;) {
      const port = await freePort();
      if (this.#ports.has(port)) continue;
      this.#ports.add(port);
      return port;
    }
  }

  #dirOf(handle: string): string {
    return path.join(this.#host.dataDir, "containers", handle);
  }
}
