import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { defaultPath } from "#kernel/process/run-command.ts";
import type { CellHost } from "../supervised/cell-host.ts";
import type { ContainerEngine } from "../supervised/container-engine.ts";
import type { ContainerMaker, ContainerParts } from "../unlimited/container-maker.ts";
import type { UnlimitedRecord } from "../unlimited/unlimited-record.ts";
import { ProcessEngine } from "./process-engine.ts";

const keepContainer = path.join(import.meta.dirname, "keep-container.sh");
const mountOverlay = path.join(import.meta.dirname, "../oci/mount-overlay.pl");

/**
 * Containers without an OCI runtime, for machines that allow none: a root file system and pid namespace of their own by
 * `unshare`, and that is all. User vcap is the platform's own user (or, where that is root, user 2000 of the machine).
 */
export class ProcessMaker implements ContainerMaker {
  readonly name = "process";
  /** An ordinary user could mount in the container's user namespace alone, where no folder of a layer can be renamed. */
  readonly overlayOptions = isRoot() ? "redirect_dir=on" : undefined;
  readonly #host: CellHost;

  constructor(host: CellHost) {
    this.#host = host;
  }

  adopts(record: UnlimitedRecord): boolean {
    return record.maker === "process";
  }

  async start({ dir, lowers, hostFolders, binds }: ContainerParts): Promise<number> {
    // The host's own name must resolve, as it does outside.
    const files = ["/etc/hosts", "/etc/resolv.conf"].filter((file) => existsSync(file));
    const places = [
      ...[...hostFolders, ...files].map((place) => ({ source: place, destination: place })),
      ...binds,
    ];
    const args = ["--mount", "--pid", "--fork", "--propagation", "private"];
    if (!isRoot()) args.push("--user", "--map-root-user");
    // In a user namespace overlay keeps its own attributes under another name.
    const options = this.overlayOptions ?? "userxattr";
    args.push("sh", keepContainer, mountOverlay, dir, options, lowers.join("\n"));
    args.push(...places.flatMap(({ source, destination }) => [source, destination]));
    return startKeeper(args);
  }

  rootInside(dir: string): string {
    return path.join(dir, "rootfs");
  }

  engine(record: UnlimitedRecord, dir: string): ContainerEngine {
    return new ProcessEngine(record, dir, this.#host);
  }

  async clear(): Promise<void> {
    // Its mounts went with its processes.
  }

  async close(): Promise<void> {
    // Nothing is kept beside the containers.
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Starts a container's first process and gives its pid, or an error with what it said. */
async function startKeeper(args: readonly string[]): Promise<number> {
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
