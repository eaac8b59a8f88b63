import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";

const maxBytes = 4 * 1024 * 1024;

/**
 * The text of a file that a buildpack or an app may have put there; undefined when there is none. Opened without waiting:
 * a named pipe in its place must not hold the staging up until its time is over.
 *
 * @throws where it is no regular file, or too big to be what it claims to be
 */
export function readFileIfPresent(file: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new Error(`${file} is not a file`);
    if (stat.size > maxBytes) throw new Error(`${file} has more than ${maxBytes} bytes`);
    return readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
}
