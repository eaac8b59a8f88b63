import { stat } from "node:fs/promises";
import path from "node:path";
import { InvalidCommandLine, noSuchPath } from "../failure.ts";

const names = ["manifest.yml", "manifest.yaml"];

/** The manifest at `-f` (a file, or a folder that holds one), else the one in the working folder, if any. */
export async function findManifest(
  workingFolder: string,
  given: string | undefined,
): Promise<string | undefined> {
  const start = given === undefined ? workingFolder : path.resolve(workingFolder, given);
  const kind = await kindOf(start);
  if (kind === "file") return start;
  if (kind === undefined) throw noSuchPath(given ?? start);
  for (const name of names) {
    const candidate = path.join(start, name);
    if ((await kindOf(candidate)) === "file") return candidate;
  }
  if (given === undefined) return undefined;
  throw new InvalidCommandLine(
    `The specified directory '${given}' does not contain a file named 'manifest.yml'.`,
  );
}

async function kindOf(file: string): Promise<"file" | "folder" | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return undefined;
  return found.isDirectory() ? "folder" : "file";
}
