import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import type { StreamBody } from "./http-transport.ts";

export type Part =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly filename: string; readonly content: StreamBody };

/** A multipart/form-data body that streams its files and knows its length beforehand. */
export function multipart(parts: readonly Part[]): { body: StreamBody; contentType: string } {
  const boundary = randomBytes(30).toString("hex");
  const pieces: (Buffer | StreamBody)[] = parts.flatMap((part) => [
    Buffer.from(`--${boundary}\r\n${head(part)}\r\n\r\n`),
    "value" in part ? Buffer.from(part.value) : part.content,
    Buffer.from("\r\n"),
  ]);
  pieces.push(Buffer.from(`--${boundary}--\r\n`));
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: {
      length: pieces.reduce((sum, piece) => sum + piece.length, 0),
      open: () => Readable.from(contents(pieces), { objectMode: false }),
    },
  };
}

function head(part: Part): string {
  if ("value" in part) return `Content-Disposition: form-data; name="${part.name}"`;
  const filename = part.filename.replaceAll('"', "%22");
  return `Content-Disposition: form-data; name="${part.name}"; filename="${filename}"\r\nContent-Type: application/octet-stream`;
}

async function* contents(pieces: readonly (Buffer | StreamBody)[]): AsyncGenerator<Buffer> {
  for (const piece of pieces) {
    if (Buffer.isBuffer(piece)) yield piece;
    else yield* piece.open();
  }
}
