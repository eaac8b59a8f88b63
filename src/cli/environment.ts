import { homedir } from "node:os";
import path from "node:path";

/** Environment variables as `cmd` hands them over: nothing below it reads the process's own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The folder that holds `.rivera`, as `CF_HOME` holds `.cf` for the official client. */
export function clientHome(environment: Environment): string {
  return environment["RIVERA_HOME"] ?? environment["CF_HOME"] ?? environment["HOME"] ?? homedir();
}

/** Where the hashes of app files are kept from push to push. */
export function hashCacheFolder(environment: Environment): string {
  return path.join(clientHome(environment), ".rivera", "cache", "hashes");
}

/** The data folder of a platform that `rivera up` runs without `--data`. */
export function platformDataFolder(environment: Environment): string {
  return (
    environment["RIVERA_DATA"] ?? path.join(environment["HOME"] ?? homedir(), ".rivera", "data")
  );
}

/** Minutes in a variable such as CF_STAGING_TIMEOUT, with fractions, as milliseconds: whole seconds, cut off. */
export function minutesOf(environment: Environment, name: string, defaultMinutes: number): number {
  const minutes = Number(environment[name] ?? "");
  const chosen = Number.isFinite(minutes) && minutes > 0 ? minutes : defaultMinutes;
  return Math.trunc(chosen * 60) * 1_000;
}
