import { createHash, randomBytes } from "node:crypto";
import { addMs, type Clock } from "#kernel/clock/clock.ts";
import type { Executor } from "../database/schema.ts";
import { z } from "zod";
import type { Actor } from "../http/auth-context.ts";

/** From the answer to the socket: a browser needs no longer. */
const ticketMs = 30_000;

const actorSchema = z.object({
  guid: z.string(),
  type: z.enum(["user", "process", "app", "system"]),
  name: z.string(),
});

const form = /^[0-9a-f]{64}$/;

/**
 * A browser cannot put a token on a WebSocket, so whoever may open one gets a ticket first: for one build, once, for 30 s.
 * It travels as a subprotocol and not in the URL, which proxies write into their logs.
 */
export async function issueTicket(
  tx: Executor,
  clock: Clock,
  { buildGuid, actor }: { readonly buildGuid: string; readonly actor: Actor },
): Promise<{ readonly ticket: string; readonly expiresAt: string }> {
  const now = clock.now();
  const ticket = randomBytes(32).toString("hex");
  const expiresAt = addMs(now, ticketMs).toISOString();
  await tx.deleteFrom("shellTickets").where("expiresAt", "<=", now.toISOString()).execute();
  await tx
    .insertInto("shellTickets")
    .values({ sha256: digest(ticket), buildGuid, actor: JSON.stringify(actor), expiresAt })
    .execute();
  return { ticket, expiresAt };
}

/** Takes a ticket back; who it was given to, or undefined where it is none, of another build, used or too old. */
export async function redeemTicket(
  tx: Executor,
  clock: Clock,
  { buildGuid, ticket }: { readonly buildGuid: string; readonly ticket: string },
): Promise<Actor | undefined> {
  if (!form.test(ticket)) return undefined;
  const row = await tx
    .deleteFrom("shellTickets")
    .where("sha256", "=", digest(ticket))
    .returningAll()
    .executeTakeFirst();
  if (row === undefined || row.buildGuid !== buildGuid) return undefined;
  if (row.expiresAt <= clock.now().toISOString()) return undefined;
  return actorSchema.parse(JSON.parse(row.actor));
}

function digest(ticket: string): string {
  return createHash("sha256").update(ticket).digest("hex");
}
