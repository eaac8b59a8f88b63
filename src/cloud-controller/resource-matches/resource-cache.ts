import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { sql } from "kysely";
import { BlobNotFound, type Blobstore } from "#blobstore/blobstore.ts";
import { soonDurable } from "#db/soon-durable.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { resourcePackBlob } from "../blobs/blob-keys.ts";
import type { Database } from "../database/schema.ts";
import { isOneOf } from "../http/page.ts";
import type { CacheableFile } from "../packages/zip/assemble-package.ts";
import type { PackedFile, WrittenPack } from "../packages/zip/write-packs.ts";
import { toRanges, type PackRange } from "./pack-ranges.ts";
import { toHour } from "./resource-expiry.ts";
import { changeLiveBytes, inChunks, type ResourcePacks } from "./resource-packs.ts";
import type { ResourceScope } from "./resource-scope.ts";
import type { Resource, ResourceFile } from "./resource-table.ts";

/** Files of this machine that hold compressed contents. */
export interface LocatedFiles {
  readonly sources: readonly string[];
  /** In which of the sources one of the contents lies, and where it begins. */
  readonly placeOf: (file: ResourceFile) => { readonly source: number; readonly offset: number };
}

/** A content, whose it is, and the time of the file that it was. */
export type FoundFile = ResourceFile & Pick<Resource, "modified" | "organizationGuid">;

/** One query of so many holds nobody up: a few milliseconds. */
const keysAtOnce = 1_000;
/** Contents whose use is still to be noted; more than that are noted at their next use. */
const maximumUses = 200_000;
/** Packs that are read where they lie, each an open file; the contents of more of them are copied together. */
const packsInPlace = 64;

/**
 * The files that the platform has already. One upload's new files lie in a few packs, blobs, and a row a file says
 * where: 15,000 small files cost one write, and a package is made of them by copying ranges. Clients know a file by its
 * SHA-1, and a match by it stays within what the scope has uploaded; inside, a file is its SHA-256.
 */
export class ResourceCache {
  readonly #db: Database;
  readonly #blobstore: Blobstore;
  readonly #clock: Clock;
  readonly #packs: ResourcePacks;
  #used = new Set<string>();

  constructor(options: {
    readonly db: Database;
    readonly blobstore: Blobstore;
    readonly clock: Clock;
    readonly packs: ResourcePacks;
  }) {
    this.#db = options.db;
    this.#blobstore = options.blobstore;
    this.#clock = options.clock;
    this.#packs = options.packs;
  }

  /** By SHA-1, what the scope has of these; a few queries however many they are. */
  async match(
    sha1s: Iterable<string>,
    scope: ResourceScope,
  ): Promise<ReadonlyMap<string, Pick<Resource, "size">>> {
    const asked = sql.ref("sha1");
    let query = this.#db.selectFrom("resources").select(["sha1", "sha256", "size"]);
    if (scope !== undefined) query = query.where("organizationGuid", "in", scope);
    const rows = await inTurn([...new Set(sha1s)], (some) =>
      query.where(isOneOf(asked, some)).execute(),
    );
    return withoutCollisions(rows);
  }

  /**
   * As `match`, with where the contents lie, for an upload that is to follow. Of a file that several organizations have it
   * is for the upload to tell whose counts (`find`): it comes without its place.
   */
  async matchToUse(
    sha1s: Iterable<string>,
    scope: ResourceScope,
  ): Promise<ReadonlyMap<string, { readonly size: number; readonly file: FoundFile | undefined }>> {
    const rows = await this.#located(sha1s, scope);
    const bySha1 = Map.groupBy(rows, ({ sha1 }) => sha1);
    const matches = new Map<string, { size: number; file: FoundFile | undefined }>();
    for (const [sha1, file] of withoutCollisions(rows)) {
      const isOnly = bySha1.get(sha1)?.length === 1;
      matches.set(sha1, { size: file.size, file: isOnly ? file : undefined });
    }
    return matches;
  }

  /** As `match`, with where the contents lie; of several organizations that have a file, the given one comes first. */
  async find(
    sha1s: Iterable<string>,
    where: { readonly scope: ResourceScope; readonly organizationGuid: string },
  ): Promise<ReadonlyMap<string, FoundFile>> {
    const rows = await this.#located(sha1s, where.scope);
    const own = (row: Pick<Resource, "organizationGuid">) =>
      row.organizationGuid === where.organizationGuid ? 1 : 0;
    return withoutCollisions(rows.toSorted((a, b) => own(a) - own(b)));
  }

  /** Which of these contents are nowhere in the cache. */
  async unknown(sha256s: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await inTurn(sha256s, (some) =>
      this.#db
        .selectFrom("resourceFiles")
        .select("sha256")
        .where(isOneOf(sql.ref("sha256"), some))
        .execute(),
    );
    const known = new Set(rows.map((row) => row.sha256));
    return new Set(sha256s.filter((sha256) => !known.has(sha256)));
  }

  /**
   * Takes in what an upload brought: the packs of its new files, and that its organization has all of them. A power cut
   * may undo what rows tell: the files come again, and the pack, of which nothing is live then, goes.
   */
  async add(upload: {
    readonly organizationGuid: string;
    readonly files: readonly CacheableFile[];
    readonly packs: readonly WrittenPack[];
  }): Promise<void> {
    for (const { path, content, files } of upload.packs) {
      const guid = await this.#packs.write((pack) =>
        this.#blobstore.putFile(resourcePackBlob(pack), path, content),
      );
      if (guid !== undefined) await this.#addFiles(guid, files);
    }
    await inChunks(upload.files, (chunk) => this.#addPossessions(upload.organizationGuid, chunk));
  }

  /**
   * Where this machine can read the compressed bytes of the files: in links to the store's own, or in one file into which
   * they are written in few large reads. `scratch` is how the names of these files begin.
   *
   * @throws `BlobNotFound` where a pack is gone; its files are forgotten, so that the next match does not name them
   */
  async locate(files: Iterable<ResourceFile>, scratch: string): Promise<LocatedFiles> {
    const wanted = [...files];
    for (const { sha256 } of wanted) if (this.#used.size < maximumUses) this.#used.add(sha256);
    const packs = [...new Set(wanted.map(({ packGuid }) => packGuid))];
    const links = packs.length <= packsInPlace ? await this.#link(packs, scratch) : undefined;
    if (links !== undefined) {
      const indexes = new Map(packs.map((guid, index) => [guid, index]));
      return {
        sources: links,
        placeOf: ({ packGuid, offset }) => ({ source: indexes.get(packGuid) ?? 0, offset }),
      };
    }
    const offsets = new Map<string, number>();
    const ranges = toRanges(wanted);
    let position = 0;
    for (const range of ranges) {
      for (const file of range.files) {
        offsets.set(file.sha256, position + file.offset - range.start);
      }
      position += range.end - range.start;
    }
    await pipeline(this.#read(ranges), createWriteStream(scratch, { flags: "wx" }));
    return {
      sources: [scratch],
      placeOf: ({ sha256 }) => ({ source: 0, offset: offsets.get(sha256) ?? 0 }),
    };
  }

  /**
   * Of a file whose content is not what its hash says. Whatever spoilt it may have spoilt its neighbours, each of which would
   * fail a push: the whole pack is forgotten, and the next push brings its files again.
   */
  async forgetPackOf(sha256: string): Promise<void> {
    const file = await this.#db
      .selectFrom("resourceFiles")
      .select("packGuid")
      .where("sha256", "=", sha256)
      .executeTakeFirst();
    if (file !== undefined) await this.#packs.retire(file.packGuid);
  }

  /** Writes down which files went into packages since the last time; a file at most once an hour. Gives how many. */
  async noteUses(): Promise<number> {
    const used = [...this.#used].toSorted();
    this.#used = new Set();
    const lastUsedAt = toHour(this.#clock.now());
    await inChunks(used, async (chunk) => {
      await soonDurable(this.#db, async (tx) => {
        await tx
          .updateTable("resourceFiles")
          .set({ lastUsedAt })
          .where(isOneOf(sql.ref("sha256"), chunk))
          .where("lastUsedAt", "<", lastUsedAt)
          .execute();
      });
    });
    return used.length;
  }

  async #located(
    sha1s: Iterable<string>,
    scope: ResourceScope,
  ): Promise<readonly (FoundFile & Pick<Resource, "sha1">)[]> {
    let query = this.#db
      .selectFrom("resources")
      .innerJoin("resourceFiles as file", "file.sha256", "resources.sha256")
      .select(["sha1", "modified", "organizationGuid"])
      .selectAll("file");
    if (scope !== undefined) query = query.where("organizationGuid", "in", scope);
    return await inTurn([...new Set(sha1s)], (some) =>
      query.where(isOneOf(sql.ref("sha1"), some)).execute(),
    );
  }

  async #addFiles(packGuid: string, files: readonly PackedFile[]): Promise<void> {
    const lastUsedAt = toHour(this.#clock.now());
    const rows: ResourceFile[] = files.map((file) => ({
      sha256: file.sha256,
      size: file.size,
      packGuid,
      offset: file.offset,
      compressedSize: file.compressedSize,
      method: file.method,
      crc32: file.crc32,
      packedCrc32: file.packedCrc32,
      lastUsedAt,
    }));
    // In one order, for two uploads of the same files would wait for each other otherwise.
    const inOrder = rows.toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
    await inChunks(inOrder, async (chunk) => {
      await soonDurable(this.#db, async (tx) => {
        const inserted = await tx
          .insertInto("resourceFiles")
          .values([...chunk])
          .onConflict((conflict) => conflict.column("sha256").doNothing())
          .returning("compressedSize")
          .execute();
        await changeLiveBytes(
          tx,
          packGuid,
          inserted.reduce((sum, { compressedSize }) => sum + compressedSize, 0),
        );
      });
    });
  }

  async #addPossessions(organizationGuid: string, files: readonly CacheableFile[]): Promise<void> {
    await soonDurable(this.#db, async (tx) => {
      const there = await tx
        .selectFrom("resourceFiles")
        .select("sha256")
        .where(
          isOneOf(
            sql.ref("sha256"),
            files.map(({ sha256 }) => sha256),
          ),
        )
        .execute();
      const known = new Set(there.map(({ sha256 }) => sha256));
      const rows = files
        .filter(({ sha256 }) => known.has(sha256))
        .map((file) => possession(organizationGuid, file))
        .toSorted((a, b) => (a.sha1 < b.sha1 ? -1 : 1));
      if (rows.length === 0) return;
      await tx
        .insertInto("resources")
        .values(rows)
        .onConflict((conflict) =>
          conflict.columns(["sha1", "organizationGuid", "sha256", "size"]).doNothing(),
        )
        .execute();
    });
  }

  /** Undefined where the store cannot. */
  async #link(packs: readonly string[], scratch: string): Promise<readonly string[] | undefined> {
    const links: string[] = [];
    for (const [index, guid] of packs.entries()) {
      const link = `${scratch}-${index}`;
      const isLinked = await this.#forgettingLost(guid, () =>
        this.#blobstore.link(resourcePackBlob(guid), link),
      );
      if (!isLinked) return undefined;
      links.push(link);
    }
    return links;
  }

  async *#read(ranges: readonly PackRange[]): AsyncGenerator<Buffer> {
    for (const range of ranges) {
      yield* await this.#forgettingLost(range.packGuid, () =>
        this.#blobstore.get(resourcePackBlob(range.packGuid), {
          start: range.start,
          end: range.end - 1,
        }),
      );
    }
  }

  async #forgettingLost<Result>(guid: string, ask: () => Promise<Result>): Promise<Result> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof BlobNotFound) await this.#packs.retire(guid);
      throw error;
    }
  }
}

function possession(
  organizationGuid: string,
  { sha1, sha256, size, modified }: CacheableFile,
): Resource {
  return { sha1, organizationGuid, sha256, size, modified };
}

/** The rows of thousands of keys, asked for in the order of the index: each page of it is read once. */
async function inTurn<Row>(
  keys: readonly string[],
  query: (some: readonly string[]) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  await inChunks(
    keys.toSorted(),
    async (some) => {
      for (const row of await query(some)) rows.push(row);
    },
    keysAtOnce,
  );
  return rows;
}

/**
 * By SHA-1, of several rows the last. Where two contents have the same, nobody can tell which one the client means: neither is there, so that the
 * client sends its own.
 */
function withoutCollisions<Row extends { readonly sha1: string; readonly sha256: string }>(
  rows: readonly Row[],
): Map<string, Row> {
  const bySha1 = new Map<string, Row>();
  const collided = new Set<string>();
  for (const row of rows) {
    const other = bySha1.get(row.sha1);
    if (other !== undefined && other.sha256 !== row.sha256) collided.add(row.sha1);
    bySha1.set(row.sha1, row);
  }
  for (const sha1 of collided) bySha1.delete(sha1);
  return bySha1;
}
