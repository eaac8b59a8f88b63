import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { Checksum } from "#diego/models/action.ts";

const pieceBytes = 1024 * 1024;

export interface FileDigest {
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
  /** Hex, of the algorithm that was asked for. */
  readonly asked: string;
}

/** Reads a file in few large pieces, which costs its hashing and little more. */
export async function digestOf(
  path: string,
  signal: AbortSignal,
  algorithm: Checksum["algorithm"] = "sha256",
): Promise<FileDigest> {
  const sha256 = createHash("sha256");
  const other = algorithm === "sha256" ? undefined : createHash(algorithm);
  const piece = Buffer.allocUnsafe(pieceBytes);
  await using file = await open(path);
  for (let bytes = 0; ;) {
    const { bytesRead } = await file.read(piece, 0, pieceBytes, bytes);
    signal.throwIfAborted();
    if (bytesRead === 0) {
      const hex = sha256.digest("hex");
      return { bytes, sha256: hex, asked: other?.digest("hex") ?? hex };
    }
    const read = piece.subarray(0, bytesRead);
    sha256.update(read);
    other?.update(read);
    bytes += bytesRead;
  }
}
