import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

/**
 * One platform a data folder. The lock names the process and the tick of its start (field 22 of /proc/PID/stat), so
 * that what kill -9 left behind, or another process with that id since, does not hold it.
 *
 * @throws where a living process holds the folder.
 */
export function lockDataDir(dataDir: string): Disposable {
  const taken = tryLockFolder(dataDir);
  if ("lock" in taken) return taken.lock;
  throw new Error(
    `Cannot use the data folder "${dataDir}": process ${taken.holder} runs a platform on it. Stop that one, or give another folder with --data`,
  );
}

/** The lock, or the process that holds it. The folder is made where it is missing. */
export function tryLockFolder(
  folder: string,
): { readonly lock: Disposable } | { readonly holder: number } {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const file = path.join(folder, "lock");
  const mine = `${process.pid} ${startTicks(process.pid)}`;
  for (const attempt of [1, 2]) {
    try {
      writeFileSync(file, mine, { flag: "wx" });
      break;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
      const holder = readFileSync(file, "utf8");
      const pid = Number(holder.split(" ")[0]);
      if (attempt === 2 || (pid !== process.pid && isHeldBy(holder, pid))) return { holder: pid };
      rmSync(file);
    }
  }
  return {
    lock: {
      [Symbol.dispose]() {
        rmSync(file, { force: true });
      },
    },
  };
}

/** The process that runs a platform on the folder, or undefined. */
export function holderOf(dataDir: string): number | undefined {
  let holder: string;
  try {
    holder = readFileSync(path.join(dataDir, "lock"), "utf8");
  } catch {
    return undefined;
  }
  const pid = Number(holder.split(" ")[0]);
  return isHeldBy(holder, pid) ? pid : undefined;
}

function isHeldBy(holder: string, pid: number): boolean {
  const ticks = startTicks(pid);
  return ticks !== "" && holder === `${pid} ${ticks}`;
}

function startTicks(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? "" : (fields[19] ?? "");
  } catch {
    return "";
  }
}
