import type { BbsDatabase } from "./bbs-schema.ts";

/** `ttlSeconds` of 0 keeps the domain fresh for ever. */
export async function upsertDomain(
  db: BbsDatabase,
  domain: string,
  ttlSeconds: number,
  now: Date,
): Promise<void> {
  const expiresAt = ttlSeconds === 0 ? null : now.getTime() + ttlSeconds * 1_000;
  await db
    .insertInto("domains")
    .values({ domain, expiresAt })
    .onConflict((conflict) => conflict.column("domain").doUpdateSet({ expiresAt }))
    .execute();
}

export async function freshDomains(db: BbsDatabase, now: Date): Promise<string[]> {
  const rows = await db
    .selectFrom("domains")
    .select("domain")
    .where((where) =>
      where.or([where("expiresAt", "is", null), where("expiresAt", ">", now.getTime())]),
    )
    .orderBy("domain")
    .execute();
  return rows.map(({ domain }) => domain);
}

export async function pruneDomains(db: BbsDatabase, now: Date): Promise<void> {
  await db.deleteFrom("domains").where("expiresAt", "<=", now.getTime()).execute();
}
