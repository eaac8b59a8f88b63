import { existsSync } from "node:fs";
import type { Clock } from "#kernel/clock/clock.ts";
import { runCommand } from "#kernel/process/run-command.ts";

const freshMs = 60_000;

/** How much a container has written, and how much it may, its layers included; undefined where nothing stops it. */
export interface DiskMeter {
  readonly limitBytes: number | undefined;
  bytes(): Promise<number>;
}

/** Bytes below a container's writable folders, counted at most once a minute: a count walks all files. */
export class DiskUsage implements DiskMeter {
  readonly limitBytes = undefined;
  readonly #folders: readonly string[];
  readonly #clock: Clock;
  #countedAt: number | undefined;
  #bytes: Promise<number> | undefined;

  constructor(folders: readonly string[], clock: Clock) {
    this.#folders = folders;
    this.#clock = clock;
  }

  async bytes(): Promise<number> {
    const now = this.#clock.now().getTime();
    if (this.#bytes === undefined || now - (this.#countedAt ?? 0) > freshMs) {
      this.#countedAt = now;
      this.#bytes = count(this.#folders);
    }
    return this.#bytes;
  }
}

async function count(folders: readonly string[]): Promise<number> {
  const present = folders.filter((folder) => existsSync(folder));
  // Sees names and sizes only, follows no link and leaves no file system.
  const { stdout } = await runCommand("du", ["-scx", "--block-size=1", "--", ...present], {
    timeoutMs: 30_000,
  });
  return Number(/^(\d+)\ttotal$/m.exec(stdout)?.[1] ?? 0);
}
