import { hash, randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { crc32 } from "node:zlib";
import { sql } from "kysely";
import type { Blobstore } from "#blobstore/blobstore.ts";
import { digestsOf } from "#blobstore/digests.ts";
import { openDiskBlobstore } from "#blobstore/disk-blobstore.ts";
import { openDatabase } from "#db/open-database.ts";
import { testDatabase } from "#db/testing/test-database.ts";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { migrations } from "../database/migrations/all.ts";
import type { Database, Schema } from "../database/schema.ts";
import { MatchReferences } from "../resource-matches/match-references.ts";
import { ResourceCache } from "../resource-matches/resource-cache.ts";
import {
  defaultResourceCache,
  type ResourceCacheConfig,
} from "../resource-matches/resource-cache-config.ts";
import { ResourcePacks } from "../resource-matches/resource-packs.ts";
import { keepUpResources, type ResourceUpkeep } from "../resource-matches/resource-upkeep.ts";

/** A file that an organization brings; a SHA-1 of its own makes it one of two that collide. */
interface BroughtFile {
  readonly content: string;
  readonly sha1?: string;
}

export const sha1Of = (content: string) => hash("sha1", content);

/** A resource cache on a real database and a real disk, with time in the test's hands. */
export class ResourceCacheBed implements AsyncDisposable {
  readonly db: Database;
  readonly blobstore: Blobstore;
  readonly clock: FakeClock;
  readonly cache: ResourceCache;
  readonly packs: ResourcePacks;
  readonly references: MatchReferences;
  readonly directory: string;
  readonly config: ResourceCacheConfig;

  private constructor(parts: {
    readonly db: Database;
    readonly blobstore: Blobstore;
    readonly directory: string;
    readonly config: ResourceCacheConfig;
  }) {
    this.db = parts.db;
    this.blobstore = parts.blobstore;
    this.directory = parts.directory;
    this.config = parts.config;
    this.clock = new FakeClock();
    this.packs = new ResourcePacks(this);
    this.references = new MatchReferences(this.clock);
    this.cache = new ResourceCache(this);
  }

  static async open(config: Partial<ResourceCacheConfig> = {}): Promise<ResourceCacheBed> {
    const directory = await mkdtemp(path.join(tmpdir(), "resources-"));
    const database = await testDatabase(migrations, path.join(directory, "cc.db"));
    return new ResourceCacheBed({
      db: await openDatabase<Schema>(database, migrations),
      blobstore: await openDiskBlobstore({
        directory: path.join(directory, "blobs"),
        minimumFreeBytes: 0,
      }),
      directory,
      config: { ...defaultResourceCache, ...config },
    });
  }

  /** One upload's files, in one pack. */
  async bring(organizationGuid: string, brought: readonly BroughtFile[]): Promise<void> {
    const files = brought.map(({ content, sha1 }) => ({
      sha1: sha1 ?? sha1Of(content),
      sha256: hash("sha256", content),
      size: Buffer.byteLength(content),
      modified: 0x210000,
      content,
    }));
    const wanted = await this.cache.unknown(files.map(({ sha256 }) => sha256));
    const pack = this.#path();
    let offset = 0;
    const packed = files
      .filter(({ sha256 }) => wanted.has(sha256))
      .map(({ content, sha256, size }) => {
        offset += size;
        const sum = crc32(content);
        const common = {
          sha256,
          size,
          method: 0,
          crc32: sum,
          packedCrc32: sum,
          compressedSize: size,
        };
        return { ...common, content, offset: offset - size };
      });
    await writeFile(pack, packed.map(({ content }) => content).join(""));
    const content = await digestsOf(pack);
    const packs = packed.length === 0 ? [] : [{ path: pack, content, files: packed }];
    await this.cache.add({ organizationGuid, files, packs });
  }

  /** What a package of an organization would get for these contents; undefined where nothing is matched. */
  async contents(
    organizationGuid: string,
    asked: readonly string[],
  ): Promise<readonly (string | undefined)[]> {
    const scope = sql<string>`(${organizationGuid})`;
    const found = await this.cache.find(asked.map(sha1Of), { scope, organizationGuid });
    const { sources, placeOf } = await this.cache.locate(found.values(), this.#path());
    const bytes = await Promise.all(sources.map((source) => readFile(source)));
    return asked.map((content) => {
      const file = found.get(sha1Of(content));
      if (file === undefined) return undefined;
      const { source, offset } = placeOf(file);
      return bytes[source]?.subarray(offset, offset + file.compressedSize).toString();
    });
  }

  async pass(ms: number): Promise<void> {
    const over = this.clock.sleep(ms);
    await this.clock.advance(ms);
    await over;
  }

  async keepUp(signal = new AbortController().signal): Promise<ResourceUpkeep> {
    return await keepUpResources(this, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.db.destroy();
    await rm(this.directory, { recursive: true, force: true });
  }

  #path(): string {
    return path.join(this.directory, randomUUID());
  }
}
