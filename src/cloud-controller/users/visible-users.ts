import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import type { Permissions } from "../http/permissions.ts";

/** Global readers see all users, others themselves and those with a role in their organizations. */
export function visibleUsers(
  { db, permissions }: { readonly db: Database; readonly permissions: Permissions },
  auth: AuthContext,
) {
  const query = db.selectFrom("users").selectAll("users");
  const organizations = permissions.organizations(auth, "organization.read");
  if (organizations === undefined) return query;
  return query.where((eb) =>
    eb.or([
      eb("users.guid", "=", auth.userGuid),
      eb(
        "users.guid",
        "in",
        eb
          .selectFrom("roles")
          .select("roles.userGuid")
          .where("roles.organizationGuid", "in", organizations),
      ),
    ]),
  );
}
