import { spawn } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { PassThrough, type Readable } from "node:stream";
import { defaultPath } from "#kernel/process/run-command.ts";
import { type ContainerSnapshots, SnapshotRefused } from "../container-runtime.ts";
import { lives, type ProcessIdentity } from "../host/process-identity.ts";
import type { CellHost } from "./cell-host.ts";

const mountOverlay = path.join(import.meta.dirname, "../oci/mount-overlay.pl");
const takeTimeoutMs = 10_000;

/** How the root of a container was mounted, for further overlays of the same layers. */
export interface RootOverlay {
  /** As `mount-overlay.pl` takes them. */
  readonly idBase: number;
  readonly options: string;
  /** Folders of the host, the first on top, `id:` before those that are to be idmapped; without what the container writes. */
  readonly lowers: readonly string[];
  /** What the container writes to until the first snapshot. */
  readonly upper: string;
  /** For what it writes afterwards: on the same file system, so that it counts against the same limit. */
  readonly snapshotsDir: string;
  /** Where the container's root stands in its mount namespace; empty for the top. */
  readonly rootInside: string;
}

/**
 * Snapshots of what lies below a container's `/tmp`, each in the time of a mount: what has been written becomes a read-only
 * layer, and the writes that follow go to a new one on top. Whatever holds files or folders open would go on in the old one,
 * so there is none while more than the one process that asks for it runs.
 */
export class OverlaySnapshots implements ContainerSnapshots {
  readonly #host: CellHost;
  readonly #overlay: RootOverlay;
  readonly #init: ProcessIdentity;
  readonly #scratch: () => string;
  /** The writable layers in the order of their making, each with the snapshots that stand before it. */
  readonly #uppers: string[];
  readonly #taken = new Map<string, readonly string[]>();

  constructor(options: {
    readonly host: CellHost;
    readonly overlay: RootOverlay;
    readonly init: ProcessIdentity;
    /** Names a folder of the container's on the host that nobody has used. */
    readonly scratch: () => string;
  }) {
    this.#host = options.host;
    this.#overlay = options.overlay;
    this.#init = options.init;
    this.#scratch = options.scratch;
    this.#uppers = [options.overlay.upper];
  }

  async take(name: string): Promise<void> {
    if (this.#taken.has(name)) throw new SnapshotRefused(`there is a snapshot "${name}" already`);
    const others = this.#processes() - 1;
    if (others > 0) {
      throw new SnapshotRefused(
        `${others === 1 ? "a process" : `${others} processes`} of an earlier script still ran`,
      );
    }
    const { snapshotsDir, rootInside } = this.#overlay;
    const dir = path.join(snapshotsDir, String(this.#uppers.length));
    makeFolders(dir);
    const { pid, startTime } = this.#init;
    const overContainer = [`tmp-of:${pid}:${startTime}:${rootInside}`];
    const { status, stderr } = await this.#host.spawner.run(
      "perl",
      this.#mountArguments(dir, [...overContainer, ...this.#layers(this.#uppers)]),
      { timeoutMs: takeTimeoutMs },
    );
    if (status !== 0) throw new SnapshotRefused(`it could not be mounted: ${stderr.trim()}`);
    this.#taken.set(name, [...this.#uppers]);
    this.#uppers.push(path.join(dir, "upper"));
  }

  read(name: string): Readable {
    const uppers = this.#taken.get(name);
    if (uppers === undefined) throw new SnapshotRefused(`there is no snapshot "${name}"`);
    const dir = this.#scratch();
    makeFolders(dir);
    const layers = this.#layers(uppers);
    const mount = this.#mountArguments(dir, [...layers, "--", "sh", "-c", tarScript]);
    // In a mount namespace of its own, which ends with the program.
    const child = spawn("unshare", ["--mount", "--propagation", "private", "perl", ...mount], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: defaultPath },
    });
    let complaint = "";
    child.stderr.on("data", (chunk: Buffer) => {
      if (complaint.length < 1024) complaint += chunk.toString("utf8");
    });
    const tar = new PassThrough();
    child.stdout.pipe(tar, { end: false });
    child.once("error", (error) => tar.destroy(error));
    child.once("close", (status) => {
      void rm(dir, { recursive: true, force: true });
      if (status === 0) tar.end();
      else tar.destroy(new Error(`Cannot read the snapshot "${name}": ${complaint.trim()}`));
    });
    tar.once("close", () => child.kill("SIGKILL"));
    return tar;
  }

  /** That live in the container beside its first one: by its own /proc, which shows no others of the machine's. */
  #processes(): number {
    const { pid } = this.#init;
    const folder = `/proc/${pid}/root${this.#overlay.rootInside}/proc`;
    const pids = readdirSync(folder).filter((name) => /^\d+$/.test(name) && name !== "1");
    return pids.filter((name) => lives(path.join(folder, name, "stat"))).length;
  }

  #layers(uppers: readonly string[]): readonly string[] {
    return [...uppers.toReversed(), ...this.#overlay.lowers];
  }

  #mountArguments(dir: string, rest: readonly string[]): readonly string[] {
    const { idBase, options } = this.#overlay;
    return [mountOverlay, dir, String(idBase), options, ...rest];
  }
}

function makeFolders(dir: string): void {
  for (const name of ["upper", "work", "rootfs"]) {
    mkdirSync(path.join(dir, name), { recursive: true });
  }
}

/**
 * All that lies in /tmp, but not /tmp itself, which is root's, nor the places of what the cell mounts there. No name comes to
 * the shell, and tar follows no link that it packs.
 */
const tarScript = `cd rootfs/tmp || exit 1
find . -mindepth 1 -maxdepth 1 ! -name lifecycle ! -name buildpacks -print0 |
exec tar --null --verbatim-files-from -T - -cf -`;
