import { readFileSync } from "node:fs";

/** The text of a file of the host; undefined where there is none, or none that we may read. */
export function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
