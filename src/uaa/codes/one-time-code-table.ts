import { createHash, randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import { z } from "zod";
import type { UaaSchema } from "../database/schema.ts";
import { asGuid } from "#kernel/guid.ts";
import type { UserGuid } from "../users/user-table.ts";

/** UAA's own life of both kinds. */
const validForMs = 300_000;

/** What a code was given for: a login by passcode, or one client's authorization. */
const contentSchema = z.discriminatedUnion("purpose", [
  z.object({ purpose: z.literal("passcode") }),
  z.object({
    purpose: z.literal("authorization"),
    clientId: z.string(),
    scopes: z.array(z.string()),
    /** Where it was sent, and whether the request had named that. */
    redirectUri: z.string(),
    isRedirectUriGiven: z.boolean(),
    challenge: z.object({ method: z.enum(["plain", "S256"]), value: z.string() }).optional(),
    nonce: z.string().optional(),
    authenticatedAt: z.number(),
  }),
]);

export type CodeContent = z.infer<typeof contentSchema>;

/** Codes that stand for a user once, for five minutes. Only their hashes are kept. */
export class OneTimeCodeTable {
  readonly #db: Kysely<UaaSchema>;

  constructor(db: Kysely<UaaSchema>) {
    this.#db = db;
  }

  async issue(userGuid: UserGuid, content: CodeContent, now: number): Promise<string> {
    const code = randomBytes(24).toString("base64url");
    await this.#db.transaction().execute(async (tx) => {
      // As in UAA, the newest passcode of a user is the only one.
      if (content.purpose === "passcode") {
        await tx
          .deleteFrom("oneTimeCodes")
          .where("userGuid", "=", userGuid)
          .where("purpose", "=", content.purpose)
          .execute();
      }
      await tx
        .insertInto("oneTimeCodes")
        .values({
          codeHash: hashOf(code),
          purpose: content.purpose,
          userGuid,
          content: JSON.stringify(content),
          expiresAt: now + validForMs,
        })
        .execute();
    });
    return code;
  }

  /** Whom the code stands for, and for what: the first who asks has it, and nobody after. */
  async redeem<P extends CodeContent["purpose"]>(
    purpose: P,
    code: string,
    now: number,
  ): Promise<
    | { readonly userGuid: UserGuid; readonly content: Extract<CodeContent, { purpose: P }> }
    | undefined
  > {
    const row = await this.#db
      .deleteFrom("oneTimeCodes")
      .where("codeHash", "=", hashOf(code))
      .where("purpose", "=", purpose)
      .returning(["userGuid", "content", "expiresAt"])
      .executeTakeFirst();
    if (row === undefined || row.expiresAt <= now) return undefined;
    const content = contentSchema.parse(JSON.parse(row.content));
    if (!isFor(content, purpose)) return undefined;
    return { userGuid: asGuid<"user">(row.userGuid), content };
  }
}

function isFor<P extends CodeContent["purpose"]>(
  content: CodeContent,
  purpose: P,
): content is Extract<CodeContent, { purpose: P }> {
  return content.purpose === purpose;
}

function hashOf(code: string): string {
  return createHash("sha256").update(code).digest("base64url");
}
