import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { defaultPath } from "#kernel/process/run-command.ts";
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
import { readRecord, writeRecord } from "../supervised/container-record.ts";
import { DiskUsage } from "../supervised/disk-usage.ts";
import { discardFolder, emptyTrash, endProcesses } from "../supervised/end-container.ts";
import { Permits } from "../supervised/permits.ts";
import { assertName, SupervisedContainer } from "../supervised/supervised-container.ts";
import { prepareUpper } from "../supervised/upper-layer.ts";
import { ProcessEngine } from "./process-engine.ts";
import { hostIdOfVcap, type ProcessRecord, processRecord } from "./process-record.ts";

const keepContainer = path.join(import.meta.dirname, "keep-container.sh");
const mountOverlay = path.join(import.meta.dirname, "../oci/mount-overlay.pl");
const createsAtOnce = 4;

export interface ProcessRuntimeConfig {
  readonly stacks: ReadonlyMap<string, Stack>;
  readonly binds: readonly ReadOnlyBind[];
  readonly description: RuntimeDescription;
}

/**
 * Containers without an OCI runtime, for machines that allow none: a root file system and pid namespace of their own by
 * `unshare`, and that is all. No limit is enforced, the network is the host's, and user vcap is the platform's own user
 * (or, where that is root, user 2000 of the machine).
 */
export class ProcessRuntime implements ContainerRuntime {
  readonly #config: ProcessRuntimeConfig;
  readonly #host: CellHost;
  readonly #permits = new Permits(createsAtOnce);
  readonly #archives: ArchiveCache;
  readonly #containers = new Map<string, SupervisedContainer>();
  readonly #ports = new Set<number>();
  readonly #destroying = new Map<string, Promise<void>>();
  #trash: Promise<void> = Promise.resolve();

  constructor(config: ProcessRuntimeConfig, host: CellHost) {
    this.#config = config;
    this.#host = host;
    this.#archives = new ArchiveCache(path.join(host.dataDir, "unpacked"));
  }

  get description(): RuntimeDescription {
    return this.#config.description;
  }

  async adopt(): Promise<void> {
    const folder = path.join(this.#host.dataDir, "containers");
    for (const handle of readdirSync(folder)) {
      const record = readRecord(path.join(folder, handle), processRecord);
      const lives = record?.init !== undefined && isAlive(record.init);
      if (lives && record.bootId === this.#host.bootId) {
        this.#ports.add(record.port);
        this.#containers.set(handle, this.#container(record));
      } else {
        this.#host.logger.info("container-swept", { handle });
        await this.#remove(path.join(folder, handle));
      }
    }
    this.#emptyTrash();
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
      await this.#destroy(spec.handle);
      throw error;
    }
  }

  async containers(): Promise<Container[]> {
    return [...this.#containers.values()];
  }

  async unpack(request: UnpackRequest): Promise<string> {
    return (await this.#archives.unpack(request)).root;
  }

  async pruneUnpacked(keep: ReadonlySet<string>): Promise<void> {
    const used = [...this.#containers.values()].flatMap(({ record }) => [
      ...record.layers,
      ...record.binds,
    ]);
    await this.#archives.prune(keep, used);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#destroying.values());
    for (const container of this.#containers.values()) container.detach();
    await this.#trash;
  }

  async #make(spec: ContainerSpec, stack: Stack): Promise<ProcessRecord> {
    const binds = [...this.#config.binds, ...spec.binds];
    const dir = this.#dirOf(spec.handle);
    const record: ProcessRecord = {
      handle: spec.handle,
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
    // The host's own name must resolve, as it does outside.
    const files = ["/etc/hosts", "/etc/resolv.conf"].filter((file) => existsSync(file));
    const folders = [
      ...stack.hostFolders.map((folder) => ({ source: folder, destination: folder })),
      ...files.map((file) => ({ source: file, destination: file })),
      ...binds,
    ];
    prepareUpper(path.join(dir, "upper"), hostIdOfVcap(), binds);
    const pid = await startKeeper(dir, [...spec.layers.toReversed(), stack.rootfs], folders);
    const running = { ...record, init: { pid, startTime: startTimeOf(pid) ?? "" } };
    writeRecord(dir, running);
    return running;
  }

  #container(record: ProcessRecord): SupervisedContainer {
    const dir = this.#dirOf(record.handle);
    return new SupervisedContainer({
      record,
      dir,
      host: this.#host,
      engine: new ProcessEngine(record, dir, this.#host),
      disk: new DiskUsage(path.join(dir, "upper"), this.#host.clock),
      destroy: () => this.#destroy(record.handle),
    });
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
    const record = readRecord(dir, processRecord);
    if (record?.bootId === this.#host.bootId) {
      const processes = (await this.#containers.get(handle)?.allProcesses()) ?? [];
      await endProcesses({ host: this.#host, dir, record, processes });
    }
    this.#containers.delete(handle);
    discardFolder(this.#host, dir);
    if (record !== undefined) this.#ports.delete(record.port);
    this.#emptyTrash();
  }

  #emptyTrash(): void {
    this.#trash = this.#trash
      .then(() => emptyTrash(path.join(this.#host.dataDir, "trash")))
      .catch((error: unknown) => this.#host.logger.error("trash-not-emptied", { error }));
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

/** Starts a container's first process and gives its pid, or an error with what it said. */
async function startKeeper(
  dir: string,
  lowers: readonly string[],
  folders: readonly ReadOnlyBind[],
): Promise<number> {
  const isRoot = process.getuid?.() === 0;
  const args = ["--mount", "--pid", "--fork", "--propagation", "private"];
  if (!isRoot) args.push("--user", "--map-root-user");
  // In a user namespace overlay keeps its own attributes under another name.
  const options = isRoot ? "redirect_dir=on" : "userxattr";
  args.push("sh", keepContainer, mountOverlay, dir, options, lowers.join("\n"));
  args.push(...folders.flatMap(({ source, destination }) => [source, destination]));
  // Detached: an interrupt at the terminal is for the platform, which ends its containers in its own way.
  const keeper = spawn("unshare", args, {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    env: { PATH: defaultPath },
  });
  let complaint = "";
  keeper.stderr.on("data", (chunk: Buffer) => {
    complaint += chunk.toString("utf8").slice(0, 1024);
  });
  // `unshare` itself goes on as the keeper's parent, so its streams do not end.
  const said = await new Promise<string>((resolve, reject) => {
    keeper.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString("utf8")));
    keeper.once("error", reject);
    keeper.once("close", () => resolve(""));
  });
  keeper.stdout.destroy();
  keeper.stderr.destroy();
  keeper.unref();
  if (!/^\d+\n$/.test(said)) {
    throw new Error(`Cannot make a container: ${complaint.trim() || "unshare said nothing"}`);
  }
  return Number(said);
}

async function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
