import { readdirSync } from "node:fs";
import path from "node:path";
import { containerRecord, readRecord } from "../supervised/container-record.ts";
import { isAlive } from "./process-identity.ts";

/** Whether one of the containers of a cell, each a folder in there, still runs. */
export function hasLivingContainer(folder: string): boolean {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return false;
  }
  return names.some((name) => {
    const init = readRecord(path.join(folder, name), containerRecord)?.init;
    return init !== undefined && isAlive(init);
  });
}
