import { createHash, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, stat } from "node:fs/promises";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import Fastify, { type FastifyInstance } from "fastify";
import { observationBatchSchema, type ObservationBatch } from "#diego/models/observation.ts";

/** A file that has been received, whole. */
export interface ReceivedFile {
  readonly path: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/**
 * Stands where Cloud Controller's internal listener stands in a platform: the executor fetches what a container is made of,
 * puts what has become of it, and tells what happens. Loopback only; every URL holds a key of its own.
 */
export interface BlobServer extends AsyncDisposable {
  /** A URL under which the file is served. */
  serve(file: string): string;
  /** A URL that takes one file, which appears at `target` by rename. */
  receive(target: string, received: (file: ReceivedFile) => void): string;
  /** A URL that takes observations. */
  observe(observed: (batch: ObservationBatch) => void): string;
}

/** A batch is a quarter of a megabyte of text, which JSON may write with six bytes for one. */
const observationBytes = 4 * 1024 * 1024;

export async function startBlobServer(): Promise<BlobServer> {
  const files = new Map<string, string>();
  const uploads = new Map<string, (body: Readable) => Promise<void>>();
  const observers = new Map<string, (batch: ObservationBatch) => void>();
  const server = Fastify({ forceCloseConnections: true });
  server.get<{ Params: { key: string } }>("/files/:key", async (request, reply) => {
    const file = files.get(request.params.key);
    if (file === undefined) return await reply.code(404).send();
    const { size, mtimeMs } = await stat(file);
    const etag = `"${size}-${mtimeMs}"`;
    reply.header("etag", etag);
    // What has no checksum, the lifecycle, is asked for with its ETag.
    if (request.headers["if-none-match"] === etag) return await reply.code(304).send();
    return await reply
      .type("application/octet-stream")
      .header("content-length", size)
      .send(createReadStream(file));
  });
  server.post<{ Params: { key: string } }>(
    "/observations/:key",
    { bodyLimit: observationBytes },
    async (request, reply) => {
      const observed = observers.get(request.params.key);
      const batch = observationBatchSchema.safeParse(request.body);
      if (observed === undefined || !batch.success) return await reply.code(404).send();
      observed(batch.data);
      return {};
    },
  );
  void server.register(async (scope) => registerUploads(scope, uploads));
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  const entry = <T>(kind: string, entries: Map<string, T>, value: T) => {
    const key = randomBytes(24).toString("base64url");
    entries.set(key, value);
    return `${url}/${kind}/${key}`;
  };
  return {
    serve: (file) => entry("files", files, file),
    receive: (target, received) =>
      entry("uploads", uploads, async (body) => received(await store(body, target))),
    observe: (observed) => entry("observations", observers, observed),
    [Symbol.asyncDispose]: async () => await server.close(),
  };
}

function registerUploads(
  scope: FastifyInstance,
  uploads: ReadonlyMap<string, (body: Readable) => Promise<void>>,
): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
  scope.post<{ Params: { key: string } }>("/uploads/:key", async (request, reply) => {
    const take = uploads.get(request.params.key);
    if (take === undefined) return await reply.code(404).send();
    await take(request.body instanceof Readable ? request.body : request.raw);
    return {};
  });
}

/** An upload that breaks off leaves nothing under the name. */
async function store(body: Readable, target: string): Promise<ReceivedFile> {
  const sha256 = createHash("sha256");
  let bytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      sha256.update(chunk);
      done(null, chunk);
    },
  });
  const part = `${target}.part`;
  await pipeline(body, measure, createWriteStream(part));
  await rename(part, target);
  return { path: target, bytes, sha256: sha256.digest("hex") };
}
