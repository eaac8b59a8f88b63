import { closeSync, constants, openSync, readSync } from "node:fs";
import { pauseMs, writeAll } from "./output.ts";

/** Has the platform keep what a script finds, so that a failed staging can go on from there. */
export interface Snapshots {
  /** Returns once it is kept, or cannot be. With `isFirst` nothing has run: whoever goes on from there begins anew. */
  before(script: string, facts: { readonly buildpack: string; readonly isFirst: boolean }): void;
}

export const noSnapshots: Snapshots = { before: () => undefined };

/** The cell gives up after a quarter of that, so that what it does never meets a script that runs already. */
const patienceMs = 60_000;
const pauseMaxMs = 20;
/** What the cell writes once it has done, or cannot do, what it was asked for; other bytes tell that a line was read. */
const answer = "s".charCodeAt(0);

/**
 * Asks on the descriptor of the trace, in a line `{"snapshot": SCRIPT, "buildpack": KEY}`, and waits for the answer on the other
 * one. The builder itself holds nothing open in what is kept, and stands elsewhere.
 */
export function askForSnapshots(descriptors: {
  readonly lines: number;
  readonly answers: number;
}): Snapshots {
  let mayAsk = true;
  return {
    before(script, { buildpack, isFirst }) {
      if (!mayAsk) return;
      const line = { snapshot: script, buildpack, ...(isFirst ? { first: true } : {}) };
      try {
        writeAll(descriptors.lines, `${JSON.stringify(line)}\n`);
        // A staging is worth more than its snapshots: where there is no answer none is asked for any more.
        mayAsk = isAnswered(descriptors.answers);
      } catch {
        mayAsk = false;
      }
    },
  };
}

function isAnswered(descriptor: number): boolean {
  // Opened anew, so that reading from it does not block whatever the pipe's other users want.
  const fd = openSync(`/proc/self/fd/${descriptor}`, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    for (let waitedMs = 0, nextMs = 1; waitedMs < patienceMs; waitedMs += nextMs) {
      if (bytesOf(fd).includes(answer)) return true;
      nextMs = waitedMs < 200 ? 1 : pauseMaxMs;
      pauseMs(nextMs);
    }
    return false;
  } finally {
    closeSync(fd);
  }
}

function bytesOf(fd: number): Buffer {
  const buffer = Buffer.alloc(64);
  try {
    return buffer.subarray(0, readSync(fd, buffer));
  } catch {
    return buffer.subarray(0, 0); // EAGAIN: nothing yet.
  }
}
