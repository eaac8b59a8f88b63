import { createWriteStream } from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import type { MultipartFile } from "@fastify/multipart";
import type { FastifyRequest } from "fastify";
import { BlobstoreFull } from "#blobstore/blobstore.ts";
import type { FreeSpace } from "#blobstore/free-space.ts";
import { CfError, unprocessable } from "../http/cf-errors.ts";

/** What came in a multipart body. */
export interface ReceivedUpload {
  /** The field `bits` on disk. */
  readonly bits: { readonly path: string; readonly filename: string } | undefined;
  /** The text of the field `resources`. */
  readonly resources: string | undefined;
}

/** Bytes of the field `resources`: 100,000 files of long paths. */
const maximumResourcesBytes = 32 * 1024 * 1024;
/** Heads of parts, and what stands between them. */
const maximumHeadBytes = 1024 * 1024;

/**
 * Streams the body to a file in `directory`. File names that the client gives are never used as such. Cloud
 * Controller's nginx turns `bits` into `bits_path`, so a client that sends that name itself names a file of the host:
 * refused, as every other field is. What is missing is for the caller to say.
 */
export async function receiveUpload(
  request: FastifyRequest,
  options: {
    readonly directory: string;
    readonly space: FreeSpace;
    readonly maximumBytes: number;
    readonly fields: readonly ("bits" | "resources")[];
    /** Called with the field `resources` as soon as it has come: an upload may be at its bits for long after it. */
    readonly onResources?: (text: string) => void;
  },
): Promise<ReceivedUpload> {
  refuseQuery(request);
  if (!request.isMultipart()) return { bits: undefined, resources: undefined };
  refuseTooLong(request, options.maximumBytes);
  let bits: ReceivedUpload["bits"];
  let resources: string | undefined;
  try {
    const parts = request.parts({
      limits: {
        fileSize: options.maximumBytes,
        fieldSize: maximumResourcesBytes,
        parts: 16,
        headerPairs: 64,
      },
    });
    for await (const part of parts) {
      if (!options.fields.some((field) => field === part.fieldname)) {
        throw unprocessable(`Unknown field(s): '${part.fieldname}'`);
      }
      const isRepeated = part.fieldname === "bits" ? bits !== undefined : resources !== undefined;
      if (isRepeated) throw unprocessable(`Upload must include ${part.fieldname} only once`);
      if (part.fieldname === "bits") bits = await receiveBits(part, options);
      else {
        resources = await textOf(part);
        options.onResources?.(resources);
      }
    }
  } catch (error) {
    // The rest is read and dropped: a client that is cut off while it sends sees a broken connection, not the answer.
    request.raw.resume();
    throw asCfError(error);
  }
  return { bits, resources };
}

async function receiveBits(
  part: MultipartFile | { readonly type: "field"; readonly value: unknown },
  { directory, space }: { readonly directory: string; readonly space: FreeSpace },
): Promise<ReceivedUpload["bits"]> {
  if (part.type === "field") {
    if (part.value === "") return undefined;
    throw unprocessable("Upload bits must be a file");
  }
  const target = path.join(directory, "upload");
  await pipeline(
    part.file,
    (content: AsyncIterable<Buffer>) => space.watched(content),
    createWriteStream(target, { flags: "wx" }),
  );
  if (part.file.truncated) throw new CfError("PayloadTooLarge");
  return { path: target, filename: path.basename(part.filename) };
}

async function textOf(
  part: MultipartFile | { readonly type: "field"; readonly value: unknown },
): Promise<string> {
  if (part.type === "field") return typeof part.value === "string" ? part.value : "";
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of part.file) {
    size += chunk.length;
    if (size > maximumResourcesBytes) throw new CfError("PayloadTooLarge");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** By what its head announces, before any of it is read: nobody waits for the end of an upload that cannot be taken. */
function refuseTooLong(request: FastifyRequest, maximumBytes: number): void {
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced <= maximumBytes + maximumResourcesBytes + maximumHeadBytes) return;
  request.raw.resume();
  throw new CfError("PayloadTooLarge");
}

function refuseQuery(request: FastifyRequest): void {
  const keys = Object.keys(request.query ?? {});
  if (keys.length === 0) return;
  throw unprocessable(`Unknown field(s): ${keys.map((key) => `'${key}'`).join(", ")}`);
}

function asCfError(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOSPC" || code === "EDQUOT") {
    const full = new BlobstoreFull("No space left to receive an upload", { cause: error });
    return new CfError("BlobstoreError", full.message, { cause: full });
  }
  // The parser's own complaints have no code: a boundary that is missing, a part that is cut.
  if (error instanceof Error && /^(Multipart|Part|Unexpected end|The needle)/.test(error.message)) {
    return new CfError("MessageParseError", [], { cause: error });
  }
  const isLimit = typeof code === "string" && /^FST_(REQ_FILE|FILES|FIELDS|PARTS)/.test(code);
  return isLimit ? new CfError("PayloadTooLarge", [], { cause: error }) : error;
}
