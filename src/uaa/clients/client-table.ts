import { randomBytes } from "node:crypto";
import type { Insertable, Kysely, Selectable } from "kysely";
import { z } from "zod";
import { where, type FilterColumns, type FilterExpression } from "../scim/filter-expression.ts";
import type { UaaSchema } from "../database/schema.ts";
import { hashConfiguredSecret } from "./client-secret.ts";
import type { ConfiguredClient } from "./configured-clients.ts";
import { grantTypes, type GrantType, type OauthClient } from "./oauth-client.ts";

type Row = Selectable<UaaSchema["oauthClients"]>;

export type NewClient = Omit<OauthClient, "tokenSalt">;

/** What a filter may name. */
export const clientFilterColumns: FilterColumns = {
  client_id: { column: "clientId", kind: "text" },
  name: { column: "name", kind: "text" },
};

export class ClientTable {
  readonly #db: Kysely<UaaSchema>;

  constructor(db: Kysely<UaaSchema>) {
    this.#db = db;
  }

  async find(clientId: string): Promise<OauthClient | undefined> {
    const row = await this.#db
      .selectFrom("oauthClients")
      .selectAll()
      .where("clientId", "=", clientId)
      .executeTakeFirst();
    return row === undefined ? undefined : toClient(row);
  }

  async list(
    filter: FilterExpression | undefined,
    page: { readonly offset: number; readonly limit: number; readonly descending: boolean },
  ): Promise<{ readonly clients: OauthClient[]; readonly total: number }> {
    const matching = this.#db
      .selectFrom("oauthClients")
      .$if(filter !== undefined, (query) =>
        filter === undefined ? query : query.where(where(filter)),
      );
    const { total } = await matching
      .select(({ fn }) => fn.countAll<number>().as("total"))
      .executeTakeFirstOrThrow();
    const rows = await matching
      .selectAll()
      .orderBy("clientId", page.descending ? "desc" : "asc")
      .offset(page.offset)
      .limit(page.limit)
      .execute();
    return { clients: rows.map(toClient), total };
  }

  /** False where the id is taken. */
  async insert(client: NewClient, now: number): Promise<boolean> {
    const result = await this.#db
      .insertInto("oauthClients")
      .values({ ...toRow(client, now), tokenSalt: newSalt() })
      .onConflict((conflict) => conflict.column("clientId").doNothing())
      .executeTakeFirst();
    return result.numInsertedOrUpdatedRows === 1n;
  }

  async update(client: NewClient, now: number): Promise<void> {
    const { clientId, ...columns } = toRow(client, now);
    await this.#db
      .updateTable("oauthClients")
      .set(columns)
      .where("clientId", "=", clientId)
      .execute();
  }

  /** Its tokens end with it: there is nothing left to check them against. */
  async delete(clientId: string): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      await tx.deleteFrom("sessions").where("clientId", "=", clientId).execute();
      await tx.deleteFrom("oauthClients").where("clientId", "=", clientId).execute();
    });
  }

  /** Ends the client's own tokens, and those that users have through it. */
  async revokeTokens(clientId: string): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      await tx.deleteFrom("sessions").where("clientId", "=", clientId).execute();
      await tx
        .updateTable("oauthClients")
        .set({ tokenSalt: newSalt() })
        .where("clientId", "=", clientId)
        .execute();
    });
  }

  /** Brings the configuration's clients to what it says; the tokens of one that has not changed stay good. */
  async ensure(clients: readonly ConfiguredClient[], now: number): Promise<void> {
    for (const client of clients) {
      const row = toRow(fromConfiguration(client), now);
      const { clientId: _id, ...columns } = row;
      await this.#db
        .insertInto("oauthClients")
        .values({ ...row, tokenSalt: newSalt() })
        .onConflict((conflict) => conflict.column("clientId").doUpdateSet(columns))
        .execute();
    }
  }

  /** Seconds: how long a token may live that any client has now. */
  async longestAccessTokenValidity(): Promise<number> {
    const row = await this.#db
      .selectFrom("oauthClients")
      .select(({ fn }) => fn.max("accessTokenValidity").as("longest"))
      .executeTakeFirst();
    return row?.longest ?? 0;
  }
}

function fromConfiguration(client: ConfiguredClient): NewClient {
  const { secret, autoApprove, redirectUris, isPublic, name, ...same } = client;
  return {
    ...same,
    secretHash: hashConfiguredSecret(secret),
    redirectUris: redirectUris ?? [],
    autoApprove: autoApprove === true ? "all" : [],
    allowPublic: isPublic === true,
    name,
    jwks: undefined,
  };
}

const jwksSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

function toClient(row: Row): OauthClient {
  return {
    clientId: row.clientId,
    secretHash: row.secretHash,
    grantTypes: words(row.grantTypes).filter(isGrantType),
    scopes: words(row.scopes),
    authorities: words(row.authorities),
    redirectUris: words(row.redirectUris),
    autoApprove: row.autoApprove === "*" ? "all" : words(row.autoApprove),
    accessTokenValidity: row.accessTokenValidity,
    refreshTokenValidity: row.refreshTokenValidity,
    allowPublic: row.allowPublic === 1,
    name: row.name ?? undefined,
    jwks: row.jwks === null ? undefined : jwksSchema.parse(JSON.parse(row.jwks)),
    tokenSalt: row.tokenSalt,
  };
}

function toRow(
  client: NewClient,
  now: number,
): Omit<Insertable<UaaSchema["oauthClients"]>, "tokenSalt"> {
  return {
    clientId: client.clientId,
    secretHash: client.secretHash,
    grantTypes: client.grantTypes.join(" "),
    scopes: client.scopes.join(" "),
    authorities: client.authorities.join(" "),
    redirectUris: client.redirectUris.join(" "),
    autoApprove: client.autoApprove === "all" ? "*" : client.autoApprove.join(" "),
    accessTokenValidity: client.accessTokenValidity,
    refreshTokenValidity: client.refreshTokenValidity,
    allowPublic: client.allowPublic ? 1 : 0,
    name: client.name ?? null,
    jwks: client.jwks === undefined ? null : JSON.stringify(client.jwks),
    updatedAt: now,
  };
}

function isGrantType(word: string): word is GrantType {
  return grantTypes.some((known) => known === word);
}

function words(text: string): string[] {
  return text.split(" ").filter(Boolean);
}

function newSalt(): string {
  return randomBytes(8).toString("hex");
}
