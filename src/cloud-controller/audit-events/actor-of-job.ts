import type { Executor } from "../database/schema.ts";
import type { Actor } from "../http/auth-context.ts";

/** Who asked for a job, as the events that it records name him; the system where nobody is known. */
export async function actorOfJob(
  db: Executor,
  { userGuid }: { readonly userGuid: string | null },
): Promise<Actor> {
  if (userGuid === null || userGuid === "")
    return { guid: "system", type: "system", name: "system" };
  const user = await db
    .selectFrom("users")
    .select("username")
    .where("guid", "=", userGuid)
    .executeTakeFirst();
  return { guid: userGuid, type: "user", name: user?.username ?? "" };
}
