import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { Checksum } from "#diego/models/action.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { ContainerRuntime } from "../../runtime/container-runtime.ts";
import type { Download, Downloader } from "./downloader.ts";

/** Something that containers share read-only: a buildpack, the lifecycle, a droplet. */
export interface Dependency {
  readonly url: string;
  readonly cacheKey: string;
  readonly checksum?: Checksum | undefined;
  /** A bind (root, `/`) or a layer (vcap, the place that it fills). */
  readonly owner: "root" | "vcap";
  readonly below: string;
}

/** One whose bytes are at hand. */
type LocalDependency = Omit<Dependency, "url" | "checksum"> & { readonly checksum: Checksum };

export interface UnpackedDependency {
  readonly directory: string;
  /** 0 where it was on the cell already. */
  readonly downloadedBytes: number;
}

const entryJson = z.object({
  key: z.string(),
  directory: z.string(),
  /** On disk, unpacked: what the budget counts. */
  bytes: z.number(),
  etag: z.string().optional(),
  cacheKey: z.string(),
});

type Entry = z.infer<typeof entryJson>;

/**
 * What the cell has unpacked, once each, by content. An archive is gone once it is unpacked; the least recently used go
 * when together they take more of the disk than the budget, unless a container still uses them. What a checksum identifies is
 * never asked for twice; what has none is asked for with its ETag.
 */
export class DependencyStore {
  readonly #runtime: ContainerRuntime;
  readonly #downloader: Downloader;
  readonly #logger: Logger;
  readonly #file: string;
  readonly #budgetBytes: number;
  readonly #inFlight = new Map<string, Promise<UnpackedDependency>>();
  /** In the order of their last use, over restarts too: a clock may stand still, or be set back. */
  #entries = new Map<string, Entry>();
  #saving: Promise<void> = Promise.resolve();

  constructor(options: {
    readonly runtime: ContainerRuntime;
    readonly downloader: Downloader;
    readonly logger: Logger;
    /** Where the list is kept over restarts. */
    readonly file: string;
    readonly budgetBytes: number;
  }) {
    this.#runtime = options.runtime;
    this.#downloader = options.downloader;
    this.#logger = options.logger;
    this.#file = options.file;
    this.#budgetBytes = options.budgetBytes;
  }

  async load(): Promise<void> {
    try {
      const entries = z.array(entryJson).parse(JSON.parse(await readFile(this.#file, "utf8")));
      this.#entries = new Map(entries.map((entry) => [entry.key, entry]));
    } catch (error) {
      // Without the list everything is fetched again; the runtime knows what it has unpacked.
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
      this.#logger.warn("dependency-list-not-read", { error });
    }
  }

  /**
   * Two that ask for the same wait for one download, which neither of them can cancel alone.
   *
   * @throws `DownloadFailed`, `UnsafeArchive`, or the signal's reason
   */
  async unpacked(dependency: Dependency, signal: AbortSignal): Promise<UnpackedDependency> {
    signal.throwIfAborted();
    const identity = keyOf(dependency, dependency.checksum?.value ?? dependency.cacheKey);
    const known = this.#inFlight.get(identity);
    const work = known ?? this.#unpack(dependency).finally(() => this.#inFlight.delete(identity));
    if (known === undefined) this.#inFlight.set(identity, work);
    const { promise, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([work, promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /**
   * Unpacks what the cell has at hand as if it had fetched it; whoever asks for it meanwhile waits for this.
   *
   * @throws `UnsafeArchive`
   */
  async add(dependency: LocalDependency, archive: string): Promise<void> {
    const identity = keyOf(dependency, dependency.checksum.value);
    if (this.#inFlight.has(identity)) return;
    const work = this.#addOnce(dependency, archive).finally(() => this.#inFlight.delete(identity));
    this.#inFlight.set(identity, work);
    await work;
  }

  /** Resolves once the list on disk is as it is now. */
  async saved(): Promise<void> {
    await this.#saving;
  }

  async #unpack(dependency: Dependency): Promise<UnpackedDependency> {
    const present = await this.#present(dependency);
    if (present !== undefined && dependency.checksum !== undefined) return this.#use(present, 0);
    const download = await this.#fetch(dependency, present);
    if (download.kind === "not-modified") {
      if (present === undefined) throw new Error("Not modified, although nothing is here");
      return this.#use(present, 0);
    }
    await using archive = download;
    const key = keyOf(dependency, dependency.checksum?.value ?? archive.sha256);
    const entry = await this.#unpackArchive(dependency, key, archive);
    const result = this.#use(entry, archive.bytes);
    await this.#prune();
    return result;
  }

  async #addOnce(dependency: LocalDependency, archive: string): Promise<UnpackedDependency> {
    const present = await this.#present(dependency);
    if (present !== undefined) return this.#use(present, 0);
    const key = keyOf(dependency, dependency.checksum.value);
    const result = this.#use(await this.#unpackArchive(dependency, key, { path: archive }), 0);
    await this.#prune();
    return result;
  }

  async #unpackArchive(
    { owner, below, cacheKey }: LocalDependency | Dependency,
    key: string,
    archive: { readonly path: string; readonly etag?: string | undefined },
  ): Promise<Entry> {
    const directory = await this.#runtime.unpack({ key, archive: archive.path, owner, below });
    return {
      key,
      directory,
      bytes: this.#runtime.unpackedBytes(directory),
      cacheKey,
      ...(archive.etag === undefined ? {} : { etag: archive.etag }),
    };
  }

  /** What is here serves where the source is away: a cell must be able to restart its instances by itself. */
  async #fetch(dependency: Dependency, present: Entry | undefined): Promise<Download> {
    const { url, checksum } = dependency;
    // Nobody's signal: others may wait for the same.
    const { signal } = new AbortController();
    try {
      return await this.#downloader.fetch({ url, checksum, etag: present?.etag }, signal);
    } catch (error) {
      if (present === undefined) throw error;
      this.#logger.warn("dependency-not-checked", { cacheKey: dependency.cacheKey, error });
      return { kind: "not-modified" };
    }
  }

  async #present(dependency: Omit<Dependency, "url">): Promise<Entry | undefined> {
    const { checksum, owner, cacheKey } = dependency;
    const entry =
      checksum === undefined
        ? [...this.#entries.values()].find(
            (candidate) => candidate.cacheKey === cacheKey && candidate.key.startsWith(`${owner}-`),
          )
        : this.#entries.get(keyOf(dependency, checksum.value));
    if (entry === undefined) return undefined;
    const there = await stat(entry.directory).catch(() => undefined);
    if (there !== undefined) return entry;
    this.#entries.delete(entry.key);
    return undefined;
  }

  #use(entry: Entry, downloadedBytes: number): UnpackedDependency {
    this.#entries.delete(entry.key);
    this.#entries.set(entry.key, entry);
    this.#save();
    return { directory: entry.directory, downloadedBytes };
  }

  async #prune(): Promise<void> {
    const keep = withinBudget([...this.#entries.values()], this.#budgetBytes);
    if (keep.size === this.#entries.size) return;
    await this.#runtime.pruneUnpacked(keep);
    for (const key of this.#entries.keys()) if (!keep.has(key)) this.#entries.delete(key);
    this.#save();
  }

  #save(): void {
    this.#saving = this.#saving.then(async () => {
      try {
        await mkdir(path.dirname(this.#file), { recursive: true });
        await writeFile(`${this.#file}.tmp`, JSON.stringify([...this.#entries.values()]));
        await rename(`${this.#file}.tmp`, this.#file);
      } catch (error) {
        this.#logger.warn("dependency-list-not-written", { error });
      }
    });
  }
}

/** The same content may be unpacked at several places: a package that is somebody's droplet. */
function keyOf({ owner, below }: Omit<Dependency, "url">, content: string): string {
  const place = below === "/" || below === "/home/vcap" ? "" : below.replaceAll("/", "_");
  return `${owner}-${content}${place}`;
}

/** The keys of the most recently used entries that fit; the newest stays however big it is. The oldest stand first. */
export function withinBudget(
  entries: readonly Pick<Entry, "key" | "bytes">[],
  budgetBytes: number,
): ReadonlySet<string> {
  const keep = new Set<string>();
  let bytes = 0;
  for (const entry of entries.toReversed()) {
    bytes += entry.bytes;
    if (keep.size > 0 && bytes > budgetBytes) break;
    keep.add(entry.key);
  }
  return keep;
}
