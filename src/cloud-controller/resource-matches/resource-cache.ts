import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { sql } from "kysely";
import { BlobNotFound, type Blobstore } from "#blobstore/blobstore.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { resourcePackBlob } from "../blobs/blob-keys.ts";
import type { Database, Executor } from "../database/schema.ts";
import { isOneOf } from "../http/page.ts";
import type { Permissions } from "../http/permissions.ts";
import type { PackedFile } from "../packages/zip/assemble-package.ts";
import type { Resource } from "./resource-table.ts";

/** In which organizations a caller may find files: those where the user has a role; undefined: in all. */
export type ResourceScope = ReturnType<Permissions["organizations"]>;

/** Where in the collected bytes a file's compressed content begins. */
export type CollectedOffsets = ReadonlyMap<string, number>;

/** Bytes between two wanted files that are read along rather than asked for apart. */
const gapBytes = 64 * 1024;
const rowsAtOnce = 500;

/**
 * The files that the platform has already. One upload's new files lie in one pack, a blob, and a row a file says
 * where: 15,000 small files cost one write and one transaction, and a package is made of them by copying ranges.
 */
export class ResourceCache {
  readonly #db: Database;
  readonly #blobstore: Blobstore;
  readonly #clock: Clock;

  constructor(options: {
    readonly db: Database;
    readonly blobstore: Blobstore;
    readonly clock: Clock;
  }) {
    this.#db = options.db;
    this.#blobstore = options.blobstore;
    this.#clock = options.clock;
  }

  /** By SHA-1, what the scope has of these; one query however many they are. */
  async find(
    sha1s: Iterable<string>,
    scope: ResourceScope,
  ): Promise<ReadonlyMap<string, Resource>> {
    let query = this.#db
      .selectFrom("resources")
      .selectAll()
      .where(isOneOf(sql.ref("sha1"), [...new Set(sha1s)]));
    if (scope !== undefined) query = query.where("organizationGuid", "in", scope);
    const rows = await query.execute();
    return new Map(rows.map((row) => [row.sha1, row]));
  }

  /** Which of these the organization itself has not. */
  async unknown(sha1s: readonly string[], organizationGuid: string): Promise<ReadonlySet<string>> {
    const rows = await this.#db
      .selectFrom("resources")
      .select("sha1")
      .where(isOneOf(sql.ref("sha1"), sha1s))
      .where("organizationGuid", "=", organizationGuid)
      .execute();
    const known = new Set(rows.map((row) => row.sha1));
    return new Set(sha1s.filter((sha1) => !known.has(sha1)));
  }

  /** Takes a pack in. The blob is durable before the rows that name it. */
  async add(
    pack: { readonly guid: string; readonly organizationGuid: string; readonly path: string },
    files: readonly PackedFile[],
  ): Promise<void> {
    if (files.length === 0) return;
    await this.#blobstore.putFile(resourcePackBlob(pack.guid), pack.path);
    const createdAt = this.#clock.now().toISOString();
    const rows = files.map((file) => ({
      ...file,
      packGuid: pack.guid,
      organizationGuid: pack.organizationGuid,
      createdAt,
    }));
    await this.#db.transaction().execute(async (tx) => {
      for (let at = 0; at < rows.length; at += rowsAtOnce) {
        await insertRows(tx, rows.slice(at, at + rowsAtOnce));
      }
    });
  }

  /**
   * Writes the compressed bytes of the files into one file, in few large reads.
   *
   * @throws `BlobNotFound` where a pack is gone; its rows are forgotten, so that the next match does not name them
   */
  async collect(files: readonly Resource[], target: string): Promise<CollectedOffsets> {
    const offsets = new Map<string, number>();
    const ranges = toRanges(files);
    let position = 0;
    for (const range of ranges) {
      for (const file of range.files) {
        offsets.set(file.sha1, position + file.offset - range.start);
      }
      position += range.end - range.start;
    }
    await pipeline(this.#read(ranges), createWriteStream(target, { flags: "wx" }));
    return offsets;
  }

  /** A file whose content is not what its hash says: the next push brings it again. */
  async forget(resource: { readonly sha1: string; readonly packGuid: string }): Promise<void> {
    await this.#db
      .deleteFrom("resources")
      .where("sha1", "=", resource.sha1)
      .where("packGuid", "=", resource.packGuid)
      .execute();
  }

  async *#read(ranges: readonly PackRange[]): AsyncGenerator<Buffer> {
    for (const range of ranges) {
      try {
        yield* await this.#blobstore.get(resourcePackBlob(range.packGuid), {
          start: range.start,
          end: range.end - 1,
        });
      } catch (error) {
        if (error instanceof BlobNotFound) await this.#forgetPack(range.packGuid);
        throw error;
      }
    }
  }

  async #forgetPack(packGuid: string): Promise<void> {
    await this.#db.deleteFrom("resources").where("packGuid", "=", packGuid).execute();
  }
}

async function insertRows(db: Executor, rows: readonly Resource[]): Promise<void> {
  await db
    .insertInto("resources")
    .values([...rows])
    .onConflict((conflict) => conflict.columns(["sha1", "organizationGuid"]).doNothing())
    .execute();
}

export interface PackRange {
  readonly packGuid: string;
  readonly start: number;
  /** Not included. */
  readonly end: number;
  readonly files: readonly Resource[];
}

/** The reads that fetch these files, neighbours together. */
export function toRanges(files: readonly Resource[]): PackRange[] {
  const inOrder = files
    .filter((file) => file.compressedSize > 0)
    .toSorted((a, b) => compare(a.packGuid, b.packGuid) || a.offset - b.offset);
  const ranges: { packGuid: string; start: number; end: number; files: Resource[] }[] = [];
  for (const file of inOrder) {
    const last = ranges.at(-1);
    const end = file.offset + file.compressedSize;
    if (last?.packGuid === file.packGuid && file.offset <= last.end + gapBytes) {
      last.files.push(file);
      last.end = Math.max(last.end, end);
    } else {
      ranges.push({ packGuid: file.packGuid, start: file.offset, end, files: [file] });
    }
  }
  return ranges;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
