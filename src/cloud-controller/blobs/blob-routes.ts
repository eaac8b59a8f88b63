import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { BlobNotFound, type BlobKey, type Blobstore } from "#blobstore/blobstore.ts";
import { handedFile, handoverHeader } from "#kernel/http/file-handover.ts";
import { CfError, notFound } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { blobsPath, publicBlobsPath } from "./blob-urls.ts";
import { byteRange } from "./byte-range.ts";
import type { SignedUrls } from "./signed-urls.ts";

const buckets = ["cc-packages", "cc-droplets", "cc-buildpacks", "cc-resources"] as const;

/** Refuses what `SignedUrls` has not signed. */
export function requireSignature(signedUrls: SignedUrls) {
  return async (request: FastifyRequest): Promise<void> => {
    if (!signedUrls.verify(request.method, request.url)) throw new CfError("NotAuthenticated");
  };
}

/** Downloads of blobs on both listeners, and of the lifecycle bundle for cells. */
export function registerBlobs(
  servers: { readonly api: ApiServer; readonly internal: ApiServer },
  options: {
    readonly blobstore: Blobstore;
    readonly signedUrls: SignedUrls;
    readonly lifecycleBundle: { readonly path: string; readonly key: string };
    /** Of files for cells of this machine; undefined: none are. */
    readonly handoverDirectory: string | undefined;
  },
): void {
  const { blobstore, signedUrls, lifecycleBundle } = options;
  const onRequest = requireSignature(signedUrls);
  const sendBlob = async (
    request: FastifyRequest<{ Params: { bucket: string; "*": string } }>,
    reply: FastifyReply,
  ) => {
    const bucket = buckets.find((name) => name === request.params.bucket);
    if (bucket === undefined) throw notFound("Blob");
    const key: BlobKey = { bucket, path: request.params["*"] };
    return await reply
      .type("application/octet-stream")
      .send(await openBlob(blobstore, key, { request, reply }));
  };
  // A cell may be sent to the store itself, with a URL that expires: the running app's droplet has one here that stays.
  const sendCell: typeof sendBlob = async (request, reply) => {
    const bucket = buckets.find((name) => name === request.params.bucket);
    const key = bucket && { bucket, path: request.params["*"] };
    const name = request.headers[handoverHeader];
    const file = handedFile(options.handoverDirectory, name);
    if (key !== undefined && file !== undefined && (await linkBlob(blobstore, key, file))) {
      return await reply.header(handoverHeader, name).send();
    }
    const direct = await (key && blobstore.signedUrl(key));
    return direct === undefined ? await sendBlob(request, reply) : await reply.redirect(direct);
  };
  servers.internal.get<{ Params: { bucket: string; "*": string } }>(
    `${blobsPath}/:bucket/*`,
    { config: { signed: true }, onRequest },
    sendCell,
  );
  servers.api.get<{ Params: { bucket: string; "*": string } }>(
    `${publicBlobsPath}/:bucket/*`,
    { config: { anonymous: true }, onRequest },
    sendBlob,
  );
  servers.internal.get<{ Params: { file: string } }>(
    `${lifecycleFolder}/:file`,
    { config: { signed: true }, onRequest },
    async (request, reply) => {
      const { file, size } = await bundleOf(lifecycleBundle, request.params.file);
      return await reply
        .type("application/gzip")
        .header("content-length", size)
        .send(createReadStream(file));
    },
  );
}

async function linkBlob(blobstore: Blobstore, key: BlobKey, file: string): Promise<boolean> {
  try {
    return await blobstore.link(key, file);
  } catch (error) {
    if (error instanceof BlobNotFound) throw notFound("Blob");
    throw error;
  }
}

/**
 * What an earlier version desired names that version's bundle for as long as it runs. It gets that one where it is still
 * there, since its actions were made for it, and else today's, as from the original's file server.
 */
async function bundleOf(
  { path: current, key }: { readonly path: string; readonly key: string },
  asked: string,
): Promise<{ readonly file: string; readonly size: number }> {
  const [, earlier] = /^([0-9a-f]{32})\.tgz$/.exec(asked) ?? [];
  const file = earlier === undefined ? current : current.replace(key, earlier);
  const size = (await stat(file).catch(() => undefined))?.size;
  return size === undefined ? { file: current, size: (await stat(current)).size } : { file, size };
}

const lifecycleFolder = "/v1/static/buildpack_app_lifecycle";

/** Where the original's file server has the bundle. */
export function lifecyclePath(key: string): string {
  return `${lifecycleFolder}/${encodeURIComponent(key)}.tgz`;
}

/** Sets status and headers, and gives what is to be sent. A condition (`If-Range`) that we cannot judge asks for the whole. */
async function openBlob(
  blobstore: Blobstore,
  key: BlobKey,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): Promise<Readable | string> {
  const size = (await blobstore.stat(key))?.size;
  if (size === undefined) throw notFound("Blob");
  const wanted = request.headers["if-range"] === undefined ? request.headers.range : undefined;
  const range = byteRange(wanted, size);
  reply.header("accept-ranges", "bytes");
  try {
    switch (range.kind) {
      case "whole":
        reply.header("content-length", size);
        return await blobstore.get(key);
      case "part": {
        const { start, end } = range;
        reply.status(206).header("content-length", end - start + 1);
        reply.header("content-range", `bytes ${start}-${end}/${size}`);
        return await blobstore.get(key, { start, end });
      }
      case "unsatisfiable":
        reply.status(416).header("content-range", `bytes */${size}`);
        return "";
    }
  } catch (error) {
    if (error instanceof BlobNotFound) throw notFound("Blob");
    throw error;
  }
}
