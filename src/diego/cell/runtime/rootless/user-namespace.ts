import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { defaultPath, runCommand } from "#kernel/process/run-command.ts";
import {
  isAlive,
  type ProcessIdentity,
  signalProcess,
  startTimeOf,
} from "../host/process-identity.ts";
import type { CellHost } from "../supervised/cell-host.ts";

const keepNamespace = path.join(import.meta.dirname, "keep-namespace.sh");

const keeperFile = z.object({ pid: z.int(), startTime: z.string(), bootId: z.string() });

/**
 * The user and mount namespaces in which an ordinary user is root, with one id, its own. All containers of the cell
 * are made in them. They outlive the cell: only from them, or from outside of them, is there a right over the
 * containers; a later cell in namespaces of its own would have none.
 */
export class UserNamespace {
  /** Whether it is that of an earlier run of the cell, with the containers made in it. */
  readonly isAdopted: boolean;
  readonly #file: string;
  readonly #keeper: ProcessIdentity;

  private constructor(file: string, keeper: ProcessIdentity, isAdopted: boolean) {
    this.#file = file;
    this.#keeper = keeper;
    this.isAdopted = isAdopted;
  }

  /** @throws with what the machine said where it allows no such namespaces */
  static async open(host: CellHost): Promise<UserNamespace> {
    const file = path.join(host.dataDir, "namespace.json");
    const earlier = readKeeper(file, host.bootId);
    if (earlier !== undefined) {
      const namespace = new UserNamespace(file, earlier, true);
      if (await namespace.#canBeEntered()) return namespace;
      namespace.#end();
    }
    return new UserNamespace(file, await startKeeper(file, host.bootId), false);
  }

  /** Put before a command, enters the namespaces. */
  get enter(): readonly string[] {
    const target = String(this.#keeper.pid);
    // As the root that the user is there, whose other groups are not known there.
    return ["nsenter", "--target", target, "--user", "--mount", "--preserve-credentials"];
  }

  async run(command: string, args: readonly string[]): ReturnType<typeof runCommand> {
    const [nsenter = "", ...enter] = this.enter;
    return runCommand(nsenter, [...enter, command, ...args], { timeoutMs: 30_000 });
  }

  /** Nothing may run in it any more, or it is kept for those that do. */
  close(hasContainers: boolean): void {
    if (!hasContainers) this.#end();
  }

  #end(): void {
    signalProcess(this.#keeper, "SIGKILL");
    rmSync(this.#file, { force: true });
  }

  async #canBeEntered(): Promise<boolean> {
    return (await this.run("true", [])).status === 0;
  }
}

function readKeeper(file: string, bootId: string): ProcessIdentity | undefined {
  try {
    const keeper = keeperFile.parse(JSON.parse(readFileSync(file, "utf8")));
    return keeper.bootId === bootId && isAlive(keeper) ? keeper : undefined;
  } catch {
    return undefined;
  }
}

async function startKeeper(file: string, bootId: string): Promise<ProcessIdentity> {
  const args = ["--user", "--map-root-user", "--mount", "--propagation", "private"];
  // Detached: an interrupt at the terminal is for the platform alone.
  const keeper = spawn("unshare", [...args, "sh", keepNamespace], {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
    env: { PATH: defaultPath },
  });
  const complaint = await complaintOf(keeper);
  const pid = keeper.pid ?? 0;
  const startTime = startTimeOf(pid);
  if (complaint !== undefined || startTime === undefined) {
    keeper.kill("SIGKILL");
    throw new Error(complaint ?? "unshare ended at once");
  }
  writeFileSync(`${file}.new`, JSON.stringify({ pid, startTime, bootId }));
  renameSync(`${file}.new`, file);
  keeper.stdin.end("recorded\n");
  keeper.stdout.destroy();
  keeper.stderr.destroy();
  keeper.unref();
  return { pid, startTime };
}

/** Undefined once it is ready. */
async function complaintOf(keeper: ChildProcess): Promise<string | undefined> {
  let complaint = "";
  keeper.stdin?.on("error", () => undefined);
  keeper.stderr?.on("data", (chunk: Buffer) => {
    if (complaint.length < 1024) complaint += chunk.toString("utf8");
  });
  return new Promise((resolve, reject) => {
    keeper.stdout?.once("data", () => resolve(undefined));
    keeper.once("error", reject);
    keeper.once("close", () => resolve(complaint.trim() || "unshare said nothing"));
  });
}
