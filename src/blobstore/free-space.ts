import { statfs } from "node:fs/promises";
import { BlobstoreFull } from "./blobstore.ts";

/** How much is written between two looks at the free space. */
const stride = 64 * 1024 * 1024;

/** Keeps room on a disk for who must be able to write when blobs have used up the rest: the databases. */
export class FreeSpace {
  readonly #directory: string;
  readonly #minimumBytes: number;

  /** @param minimumBytes what a write must leave free on the disk of `directory`. */
  constructor(directory: string, minimumBytes: number) {
    this.#directory = directory;
    this.#minimumBytes = minimumBytes;
  }

  /** Before so many bytes are written. @throws `BlobstoreFull` */
  async require(bytes = 0): Promise<void> {
    const { bavail, bsize } = await statfs(this.#directory);
    if (bavail * bsize >= this.#minimumBytes + bytes) return;
    const mebibytes = (size: number) => Math.floor(size / 1024 ** 2);
    const needed = bytes === 0 ? "" : `${Math.ceil(bytes / 1024 ** 2)} MiB are needed, `;
    // The message reaches whoever pushes; where the platform keeps its files is for the log alone.
    throw new BlobstoreFull(
      `No space left for blobs: ${needed}${mebibytes(bavail * bsize)} MiB are free, ` +
        `${mebibytes(this.#minimumBytes)} MiB are kept`,
      { cause: new Error(`the disk of "${this.#directory}"`) },
    );
  }

  /** Content on its way to that disk, whatever its size. @throws `BlobstoreFull` in the middle */
  async *watched(content: AsyncIterable<Buffer | string>): AsyncGenerator<Buffer> {
    await this.require();
    let unchecked = 0;
    for await (const piece of content) {
      const chunk = Buffer.isBuffer(piece) ? piece : Buffer.from(piece);
      yield chunk;
      unchecked += chunk.length;
      if (unchecked < stride) continue;
      unchecked = 0;
      await this.require();
    }
  }
}
