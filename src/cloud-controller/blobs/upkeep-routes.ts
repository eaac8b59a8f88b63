import { z } from "zod";
import type { Blobstore } from "#blobstore/blobstore.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { badQuery, CfError } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { checkedKinds, checkRows, findOrphans, removeOrphans } from "./blob-check.ts";

/** Rows a request; with content fewer, since each may be a gibibyte to read. */
const rowsPerRequest = 200;
const rowsWithContent = 5;
const defaultGraceSeconds = 3_600;

const rowQuery = z.strictObject({
  kind: z.enum(checkedKinds),
  after: z.string().max(200).default(""),
  content: z.enum(["true", "false"]).default("false"),
});

const orphanQuery = z.strictObject({
  folder: z.string().regex(/^[0-9a-f]{2}$/),
  grace: z.coerce.number().int().min(0).max(31_536_000).default(defaultGraceSeconds),
});

/**
 * Ours, for administrators (`rivera blobs`): a bounded part of the work a request, so that a check of a big store can be
 * broken off and hurries nobody. Every row has its blob: `GET /rivera/v1/blob_rows?kind=packages|droplets|buildpacks|packs`,
 * on with `after`, every byte with `content=true`. Every blob has its row: `GET /rivera/v1/orphaned_blobs?folder=00` to
 * `ff`, those older than `grace` seconds; `DELETE` removes them.
 */
export function registerBlobUpkeep(
  app: ApiServer,
  context: { readonly db: Database; readonly blobstore: Blobstore; readonly clock: Clock },
): void {
  app.get("/rivera/v1/blob_rows", async (request) => {
    requireAdmin(request.auth);
    const { kind, after, content } = parseQuery(rowQuery, request.query);
    const withContent = content === "true";
    const limit = withContent ? rowsWithContent : rowsPerRequest;
    const page = await checkRows(context, { kind, after, limit, content: withContent });
    return { ...page, next: page.next ?? null };
  });
  app.get("/rivera/v1/orphaned_blobs", async (request) => {
    requireAdmin(request.auth);
    const { folder, grace } = parseQuery(orphanQuery, request.query);
    return await findOrphans(context, context.clock, { folder, graceSeconds: grace });
  });
  app.delete("/rivera/v1/orphaned_blobs", async (request) => {
    requireAdmin(request.auth);
    const { folder, grace } = parseQuery(orphanQuery, request.query);
    const found = await findOrphans(context, context.clock, { folder, graceSeconds: grace });
    await removeOrphans(context, found.orphans);
    return found;
  });
}

function requireAdmin(auth: AuthContext): void {
  if (!auth.isAdmin) throw new CfError("NotAuthorized");
}

function parseQuery<T>(schema: z.ZodType<T>, query: unknown): T {
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw badQuery(`${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.trim());
}
