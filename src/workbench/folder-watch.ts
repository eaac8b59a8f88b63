import { statSync, watch, type FSWatcher } from "node:fs";
import path from "node:path";
import { Failure } from "#cli/failure.ts";
import type { Clock } from "#kernel/clock/clock.ts";

/** An editor writes a file in several steps, and a build writes many files. */
const quietMs = 100;

/**
 * Tells that something below some folders may have changed, once it is quiet again. Only a hint: what has really changed is
 * for the caller to see.
 */
export class FolderWatch implements Disposable {
  readonly #clock: Clock;
  readonly #watchers: readonly FSWatcher[];
  #changed = Promise.withResolvers<void>();
  #noticed = 0;

  /** @throws `Failure` where the system watches no more folders */
  constructor(paths: readonly string[], clock: Clock) {
    this.#clock = clock;
    this.#watchers = paths.map((each) => this.#watch(each));
  }

  /**
   * Resolves after the first change since the last call has resolved, or since the beginning.
   *
   * @throws the signal's reason
   */
  async changed(signal: AbortSignal): Promise<void> {
    await untilAborted(this.#changed.promise, signal);
    for (let seen = -1; seen !== this.#noticed;) {
      seen = this.#noticed;
      await this.#clock.sleep(quietMs, signal);
    }
    this.#changed = Promise.withResolvers<void>();
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers) watcher.close();
  }

  /** A file by its folder: an editor replaces it, and a watch of its own would go with the old one. */
  #watch(target: string): FSWatcher {
    const isFolder = statSync(target).isDirectory();
    const [folder, only] = isFolder
      ? [target, undefined]
      : [path.dirname(target), path.basename(target)];
    const notice = (name: string | null) => {
      if (only !== undefined && name !== only) return;
      this.#noticed += 1;
      this.#changed.resolve();
    };
    try {
      const watcher = watch(folder, { recursive: isFolder }, (_event, name) => notice(name));
      // A folder that goes away while it is looked at: the next look at the content tells.
      watcher.on("error", () => notice(null));
      return watcher;
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : "";
      if (code !== "ENOSPC" && code !== "EMFILE") throw error;
      throw new Failure(
        `Cannot watch '${folder}': it has more folders than this system watches. Raise it with: sysctl fs.inotify.max_user_watches=524288`,
        { cause: error },
      );
    }
  }
}

async function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
