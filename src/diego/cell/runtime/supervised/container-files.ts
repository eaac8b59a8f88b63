import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { defaultPath } from "#kernel/process/run-command.ts";
import type { Spawner } from "#kernel/process/spawner.ts";
import { ContainerFileError } from "../container-runtime.ts";

/**
 * Files cross the border of a container through pipes of programs that run inside it as the user they are for. The
 * host opens no path that a tenant can shape, where a link could lead anywhere on the host; but for reading where the kernel
 * keeps it within the container's root (`oci/read-inside.pl`).
 */
export interface InsideCommand {
  readonly command: readonly string[];
  /** Where the runtime writes the process's pid, as the host counts. */
  readonly pidFile: string;
}

/**
 * For `sh -c`, with the path as `$1`: unpacks standard input below it, modes as they are in the archive. With -i tar
 * reads to the end of its input, past the end of the archive: no broken pipe that means nothing.
 */
export const extractScript = 'umask 022; mkdir -p -- "$1" && exec tar -xipf - -C "$1"';

const copyTimeoutMs = 600_000;
const unreadableStatus = 66;
const readyMark = "+";

/** Writes a mark and the bytes of a regular file, or exits with 66. */
export const readScript = `[ -f "$1" ] && [ -r "$1" ] || exit ${unreadableStatus}
printf '%s' '${readyMark}'
exec cat -- "$1"`;

export async function streamInto(inside: InsideCommand, tar: Readable): Promise<void> {
  const child = start(inside);
  const complaint = collectHead(child.stderr);
  const ended = exitOf(child);
  // An extractor that fails closes its input; its status and words say more than the broken pipe.
  const fed = pipeline(tar, child.stdin).then(
    () => undefined,
    (error: unknown) => error,
  );
  const status = await ended;
  const feedError = await fed;
  if (status !== 0) throw new ContainerFileError(`Cannot extract: ${complaint()}`);
  if (feedError !== undefined) throw feedError;
}

export async function streamFrom(inside: InsideCommand, file: string): Promise<Readable> {
  const child = start(inside);
  child.stdin.end();
  const complaint = collectHead(child.stderr);
  const ended = exitOf(child);
  const output = new PassThrough();
  const first = await firstByte(child.stdout);
  if (first !== readyMark) {
    throw unreadable(file, await ended, complaint());
  }
  // A reader that gives up ends the program inside too, also one that waits for a file that became a FIFO.
  output.once("close", () => killInside(inside, child));
  child.stdout.on("error", (error) => output.destroy(error));
  child.stdout.pipe(output, { end: false });
  const finish = async (): Promise<void> => {
    const status = await ended;
    if (status === 0) output.end();
    else output.destroy(new ContainerFileError(`Cannot read all of "${file}": ${complaint()}`));
  };
  child.stdout.once("end", () => void finish());
  return output;
}

function start({ command }: InsideCommand) {
  const [program = "", ...args] = command;
  return spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], env: { PATH: defaultPath } });
}

/** Copies what a command of the host reads into a new file. */
export async function copyOut(
  spawner: Spawner,
  [program = "", ...args]: readonly string[],
  options: { readonly file: string; readonly to: string; readonly signal?: AbortSignal },
): Promise<void> {
  const { file, to, signal } = options;
  const { status, stderr } = await spawner.run(program, args, {
    output: { file: to },
    ...(signal === undefined ? {} : { signal }),
    timeoutMs: copyTimeoutMs,
  });
  if (status !== 0) throw unreadable(file, status, stderr.trim());
}

function unreadable(file: string, status: number | null, complaint: string): ContainerFileError {
  return new ContainerFileError(
    status === unreadableStatus
      ? `Cannot read "${file}": it is no file, or not readable`
      : `Cannot read "${file}": exit status ${status}: ${complaint}`,
  );
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code));
  });
}

/** The first byte of a stream, which is left unread after it; undefined at its end. */
async function firstByte(stream: Readable): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const attempt = (): void => {
      const chunk: Buffer | null = stream.read(1);
      if (chunk !== null) settle(chunk.toString("latin1"));
    };
    const settle = (byte: string | undefined): void => {
      stream.off("readable", attempt);
      stream.off("end", onEnd);
      stream.off("error", reject);
      resolve(byte);
    };
    const onEnd = (): void => settle(undefined);
    stream.on("readable", attempt);
    stream.on("end", onEnd);
    stream.on("error", reject);
  });
}

/** Ends the program inside, for its runtime only waits for it. */
export function killInside({ pidFile }: InsideCommand, child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  try {
    // Not reaped yet, since its runtime still waits: the pid is that process's.
    const pid = Number(readFileSync(pidFile, "utf8"));
    if (pid > 1) process.kill(pid, "SIGKILL");
  } catch {
    // It has ended since, or a runtime that hangs has not come to start it.
    child.kill("SIGKILL");
  }
}

function collectHead(stream: Readable): () => string {
  let head = "";
  stream.on("data", (chunk: Buffer) => {
    if (head.length < 1024) head += chunk.toString("utf8");
  });
  return () => head.trim().slice(0, 1024);
}
