import type { Kysely } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { Loop } from "#kernel/loop/loop.ts";
import type { ClientTable } from "../clients/client-table.ts";
import type { UaaSchema } from "../database/schema.ts";
import type { SigningKeys } from "../tokens/signing-keys.ts";
import type { LoginFailureTable } from "../users/login-failure-table.ts";
import { deleteExpired } from "./expired-rows.ts";

const everyMs = 600_000;
/** A client's tokens may have been made to live longer than it says now. */
const shortestKeptMs = 24 * 3_600_000;

/** Deletes expired sessions, codes and failures, and drops signing keys that no valid token was signed with. */
export function createUpkeepLoop(parts: {
  readonly db: Kysely<UaaSchema>;
  readonly keys: SigningKeys;
  readonly clients: ClientTable;
  readonly failures: LoginFailureTable;
  readonly clock: Clock;
  readonly logger: Logger;
}): Loop {
  const { db, keys, clients, failures, clock, logger } = parts;
  return new Loop({
    name: "uaa.upkeep",
    clock,
    logger,
    periodMs: everyMs,
    activation: async () => {
      const now = clock.now().getTime();
      const expired = await deleteExpired(db, failures.policy, now);
      const longestTokenMs = (await clients.longestAccessTokenValidity()) * 1_000;
      const signingKeys = await keys.dropRetired(now, Math.max(shortestKeptMs, longestTokenMs));
      return { ...expired, signingKeys };
    },
  });
}
