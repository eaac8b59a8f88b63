import type { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { nameKey } from "../database/name-key.ts";
import { newRecord } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { whereTaken } from "../database/where-taken.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { updateMetadata } from "../metadata/metadata.ts";
import type { createUserMessage } from "./messages.ts";
import type { UaaUsers } from "./uaa-users.ts";

type CreateUser = z.output<typeof createUserMessage>;

/** A client of UAA, or a user that it does not know. */
const unnamed = { username: null, origin: null };

/** Makes Cloud Controller's record of a user and gives its guid. */
export async function createUser(
  {
    db,
    clock,
    uaaUsers,
  }: {
    readonly db: Database;
    readonly clock: Clock;
    readonly uaaUsers: UaaUsers | undefined;
  },
  message: CreateUser,
): Promise<string> {
  const { guid, username, origin } = await identify(uaaUsers, message);
  await db.transaction().execute(async (tx) => {
    await tx
      .insertInto("users")
      .values({ ...newRecord(clock, guid), username, usernameKey: nameKey(username ?? ""), origin })
      .execute()
      .catch(whereTaken(() => unprocessable(takenText(message))));
    await updateMetadata(tx, { type: "user", guid }, message.metadata);
  });
  return guid;
}

/** The original would make a user that UAA does not know there; ours knows no other identity provider. */
async function identify(uaaUsers: UaaUsers | undefined, message: CreateUser) {
  if ("guid" in message) {
    return { ...((await uaaUsers?.byGuid(message.guid)) ?? unnamed), guid: message.guid };
  }
  const { username, origin } = message;
  const [found] = (await uaaUsers?.byName(username, origin)) ?? [];
  if (found !== undefined) return found;
  throw unprocessable(`No user exists with the username '${username}' and origin '${origin}'.`);
}

function takenText(message: CreateUser): string {
  return "guid" in message
    ? `User with guid '${message.guid}' already exists.`
    : `User with username '${message.username}' and origin '${message.origin}' already exists.`;
}
