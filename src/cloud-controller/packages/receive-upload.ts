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
  readonly bits: ReceivedFile | undefined;
  /** The text of the field `resources`. */
  readonly resources: string | undefined;
}

/** Bytes of the field `resources`: 100,000 files of long paths. */
const maximumResourcesBytes = 32 * 1024 * 1024;
/** Heads of parts, and what stands between them. */
const maximumHeadBytes = 1024 * 1024;

interface ReceivedFile {
  readonly path: string;
  readonly filename: string;
}

interface FormOptions {
  readonly directory: string;
  readonly space: FreeSpace;
  /** Of each file. */
  readonly maximumBytes: number;
}

/**
 * Streams the body to a file in `directory`. File names that the client gives are never used as such. Cloud
 * Controller's nginx turns `bits` into `bits_path`, so a client that sends that name itself names a file of the host:
 * refused, as every other field is. What is missing is for the caller to say.
 */
export async function receiveUpload(
  request: FastifyRequest,
  {
    fields,
    onResources,
    ...options
  }: FormOptions & {
    readonly fields: readonly ("bits" | "resources")[];
    /** Called with the field `resources` as soon as it has come: an upload may be at its bits for long after it. */
    readonly onResources?: (text: string) => void;
  },
): Promise<ReceivedUpload> {
  const texts = fields.filter((field) => field !== "bits");
  const form = await receiveForm(request, {
    ...options,
    files: ["bits"],
    texts,
    ...(onResources === undefined ? {} : { onText: onResources }),
  });
  return { bits: form.files.get("bits"), resources: form.texts.get("resources") };
}

/** The same with files and texts of any names. */
export async function receiveForm(
  request: FastifyRequest,
  options: FormOptions & {
    readonly files: readonly string[];
    readonly texts: readonly string[];
    /** Called with each text as it has come. */
    readonly onText?: (text: string) => void;
  },
): Promise<{
  readonly files: ReadonlyMap<string, ReceivedFile>;
  readonly texts: ReadonlyMap<string, string>;
}> {
  refuseQuery(request);
  const files = new Map<string, ReceivedFile>();
  const texts = new Map<string, string>();
  if (!request.isMultipart()) return { files, texts };
  refuseTooLong(request, options.maximumBytes * options.files.length);
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
      const field = part.fieldname;
      const isFile = options.files.includes(field);
      if (!isFile && !options.texts.includes(field)) {
        throw unprocessable(`Unknown field(s): '${field}'`);
      }
      if (files.has(field) || texts.has(field)) {
        throw unprocessable(`Upload must include ${field} only once`);
      }
      if (!isFile) {
        const text = await textOf(part);
        texts.set(field, text);
        options.onText?.(text);
        continue;
      }
      const target = path.join(options.directory, files.size === 0 ? "upload" : `upload-${field}`);
      const received = await receiveFile(part, target, options.space);
      if (received !== undefined) files.set(field, received);
    }
  } catch (error) {
    // The rest is read and dropped: a client that is cut off while it sends sees a broken connection, not the answer.
    request.raw.resume();
    throw asCfError(error);
  }
  return { files, texts };
}

async function receiveFile(
  part:
    | MultipartFile
    | { readonly type: "field"; readonly fieldname: string; readonly value: unknown },
  target: string,
  space: FreeSpace,
): Promise<ReceivedFile | undefined> {
  if (part.type === "field") {
    if (part.value === "") return undefined;
    throw unprocessable(`Upload ${part.fieldname} must be a file`);
  }
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
