import { existsSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { ReadOnlyBind } from "../container-runtime.ts";
import { OciCommand } from "../oci/oci-command.ts";
import { containerConfig } from "../oci/oci-spec.ts";
import type { CellHost } from "../supervised/cell-host.ts";
import type { ContainerEngine } from "../supervised/container-engine.ts";
import type { ContainerMaker, ContainerParts } from "../unlimited/container-maker.ts";
import type { UnlimitedRecord } from "../unlimited/unlimited-record.ts";
import { RootlessEngine } from "./rootless-engine.ts";
import type { UserNamespace } from "./user-namespace.ts";

const mountOverlay = path.join(import.meta.dirname, "../oci/mount-overlay.pl");

const noLimits = { memoryBytes: 0, pids: 0, cpuShares: 0, diskBytes: 0 };

/** Containers of an ordinary user by crun: isolated in all but their network, which is the host's. */
export class RootlessMaker implements ContainerMaker {
  readonly name = "crun";
  /** Overlays of a user namespace cannot rename folders of their layers: snapshots would make stagings fail that go well. */
  readonly overlayOptions = undefined;
  readonly #host: CellHost;
  readonly #namespace: UserNamespace;
  readonly #stateDir: string;
  readonly #command: OciCommand;

  constructor(host: CellHost, namespace: UserNamespace) {
    this.#host = host;
    this.#namespace = namespace;
    this.#stateDir = path.join(host.dataDir, "state/crun");
    this.#command = new OciCommand("crun", this.#stateDir, namespace.enter);
  }

  adopts(record: UnlimitedRecord): boolean {
    return record.maker === "crun" && this.#namespace.isAdopted;
  }

  async start(parts: ContainerParts): Promise<number> {
    const { dir, handle, lowers } = parts;
    // No redirect_dir in a user namespace: a folder of a layer cannot be renamed there, which `mv` answers by copying.
    const args = [mountOverlay, dir, "0", "userxattr", ...lowers];
    const { status, stderr } = await this.#namespace.run("perl", args);
    if (status !== 0) {
      throw new Error(`Cannot mount the root of container "${handle}": ${stderr.trim()}`);
    }
    writeBundle(parts);
    const pidFile = path.join(dir, "pid");
    const logFile = path.join(dir, "runtime.log");
    await this.#command.runDetached({
      spawner: this.#host.spawner,
      id: handle,
      bundle: dir,
      pidFile,
      logFile,
    });
    return Number(readFileSync(pidFile, "utf8"));
  }

  rootInside(): string {
    return "";
  }

  engine(record: UnlimitedRecord): ContainerEngine {
    return new RootlessEngine(record, this.#host, this.#command);
  }

  async clear(handle: string, dir: string): Promise<void> {
    await this.#command.delete(handle);
    // Whatever crun made of its own notes, cut short or not.
    rmSync(path.join(this.#stateDir, handle), { recursive: true, force: true });
    const rootfs = path.join(dir, "rootfs");
    // Of earlier namespaces the mount is not to be seen; removing its place takes it away there.
    await this.#namespace.run("umount", ["-l", rootfs]);
    if (existsSync(rootfs)) rmdirSync(rootfs);
  }

  async close(hasContainers: boolean): Promise<void> {
    this.#namespace.close(hasContainers);
  }
}

function writeBundle({ dir, handle, hostFolders, binds }: ContainerParts): void {
  const hostname = handle.slice(0, 63);
  const hosts = path.join(dir, "hosts");
  // The network is the host's: so are the names in it.
  writeFileSync(hosts, `${readFileSync("/etc/hosts", "utf8")}\n127.0.0.1 ${hostname}\n`);
  const own: ReadOnlyBind[] = [
    { source: hosts, destination: "/etc/hosts" },
    ...(existsSync("/etc/resolv.conf")
      ? [{ source: "/etc/resolv.conf", destination: "/etc/resolv.conf" }]
      : []),
  ];
  const isFolder = ({ source }: ReadOnlyBind): boolean => statSync(source).isDirectory();
  const config = containerConfig({
    hostname,
    cgroup: "",
    rootfs: path.join(dir, "rootfs"),
    idMap: "vcap",
    limits: noLimits,
    hostFolders,
    folderBinds: binds.filter(isFolder),
    fileBinds: [...own, ...binds.filter((bind) => !isFolder(bind))],
    arch: process.arch,
  });
  writeFileSync(path.join(dir, "config.json"), JSON.stringify(config), { mode: 0o600 });
}
