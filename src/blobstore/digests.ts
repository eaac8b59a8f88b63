import { createHash, type Hash } from "node:crypto";
import { open } from "node:fs/promises";
import { Transform, type Readable } from "node:stream";
import { BlobCorrupt, type BlobInfo } from "./blobstore.ts";

const pieceBytes = 1024 * 1024;

/** Size and checksums of content that passes by in chunks. */
export class Digests {
  readonly #sha1: Hash = createHash("sha1");
  readonly #sha256: Hash = createHash("sha256");
  #size = 0;

  update(chunk: Buffer): void {
    this.#sha1.update(chunk);
    this.#sha256.update(chunk);
    this.#size += chunk.length;
  }

  info(): BlobInfo {
    return {
      size: this.#size,
      sha1: this.#sha1.digest("hex"),
      sha256: this.#sha256.digest("hex"),
    };
  }
}

/** Of a whole file: in few large pieces, and without a stream's garbage. */
export async function digestsOf(path: string): Promise<BlobInfo> {
  await using file = await open(path);
  const digests = new Digests();
  const piece = Buffer.allocUnsafe(pieceBytes);
  for (let position = 0; ;) {
    const { bytesRead } = await file.read(piece, 0, pieceBytes, position);
    if (bytesRead === 0) return digests.info();
    digests.update(piece.subarray(0, bytesRead));
    position += bytesRead;
  }
}

/**
 * The same content, whose last chunk passes only once the whole has the checksum: a reader of a corrupt blob gets
 * `BlobCorrupt` and never all of it, so that a download whose length is announced is cut short and cannot be taken for good.
 */
export function verified(content: Readable, sha256: string, name: string): Readable {
  const digest = createHash("sha256");
  let held: Buffer | undefined;
  const verifier = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      digest.update(chunk);
      const passing = held;
      held = chunk;
      callback(undefined, passing);
    },
    flush(callback) {
      if (digest.digest("hex") === sha256) callback(undefined, held);
      else
        callback(new BlobCorrupt(`The blob "${name}" is not what was stored: its SHA-256 differs`));
    },
  });
  content.once("error", (error) => verifier.destroy(error));
  verifier.once("close", () => content.destroy());
  return content.pipe(verifier);
}
