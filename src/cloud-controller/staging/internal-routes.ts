import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { z } from "zod";
import type { Blobstore } from "#blobstore/blobstore.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { handedFile, handoverHeader } from "#kernel/http/file-handover.ts";
import { requireSignature } from "../blobs/blob-routes.ts";
import type { SignedUrls } from "../blobs/signed-urls.ts";
import type { Database } from "../database/schema.ts";
import type { ApiServer } from "../http/create-server.ts";
import { CfError } from "../http/cf-errors.ts";
import type { BuildEnding } from "./build-ending.ts";
import { receiveBuildpackCache, receiveDroplet } from "./staging-uploads.ts";

const completionSchema = z.object({
  failed: z.boolean().default(false),
  failure_reason: z.string().default(""),
  result: z.string().default(""),
});

/** What cells and the BBS call while they stage: uploads of the task, and its completion. All URLs are signed. */
export function registerStaging(
  internal: ApiServer,
  context: {
    readonly db: Database;
    readonly blobstore: Blobstore;
    readonly clock: Clock;
    readonly signedUrls: SignedUrls;
    readonly ending: BuildEnding;
    /** Of files from cells of this machine; undefined: none are taken. */
    readonly handoverDirectory: string | undefined;
  },
): void {
  const signed = {
    config: { signed: true },
    onRequest: requireSignature(context.signedUrls),
  } as const;
  internal.post<{ Params: { guid: string } }>(
    "/internal/v3/staging/:guid/build_completed",
    signed,
    async (request) => {
      const completion = completionSchema.safeParse(request.body);
      if (!completion.success) throw new CfError("MessageParseError");
      const { failed, failure_reason: failureReason, result } = completion.data;
      await context.ending.complete(request.params.guid, { failed, failureReason, result });
      return {};
    },
  );
  const contentOf = (request: { readonly body: unknown; readonly raw: IncomingMessage }) => ({
    body: bodyOf(request),
    file: handedFile(context.handoverDirectory, request.raw.headers[handoverHeader]),
    headers: request.raw.headers,
  });
  void internal.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    scope.post<{ Params: { guid: string } }>(
      "/internal/v4/droplets/:guid/upload",
      signed,
      async (request) => {
        const droplet = await receiveDroplet(context, {
          buildGuid: request.params.guid,
          ...contentOf(request),
        });
        return { metadata: { guid: droplet.guid }, entity: { status: "finished" } };
      },
    );
    scope.post<{ Params: { stack: string; guid: string } }>(
      "/internal/v4/buildpack_cache/:stack/:guid/upload",
      signed,
      async (request) => {
        await receiveBuildpackCache(context, {
          appGuid: request.params.guid,
          stack: request.params.stack,
          ...contentOf(request),
        });
        return {};
      },
    );
  });
}

/** The stream of a body of any type; without a type the server leaves it unread. */
function bodyOf(request: { readonly body: unknown; readonly raw: Readable }): Readable {
  return request.body instanceof Readable ? request.body : request.raw;
}
