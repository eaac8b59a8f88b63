import { writeSync } from "node:fs";

const stdoutFd = 1;
const stderrFd = 2;

export function printLine(line: string): void {
  writeAll(stdoutFd, `${line}\n`);
}

export function printError(line: string): void {
  writeAll(stderrFd, `${line}\n`);
}

// Synchronous on purpose: `process.stdout` may lose lines at exit, and touching it makes the descriptor that the
// buildpack's scripts inherit non-blocking, of which shells die.
export function writeAll(fd: number, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
      pauseMs(5);
    }
  }
}

export function pauseMs(duration: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, duration);
}
