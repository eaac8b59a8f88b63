import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { notFound } from "../http/cf-errors.ts";
import type { Permissions } from "../http/permissions.ts";
import type { IsolationSegment } from "./isolation-segment-table.ts";

interface Reader {
  readonly db: Database;
  readonly permissions: Permissions;
}

/** The segments that an organization which the caller may see is entitled to; global readers see all. */
export function visibleSegments({ db, permissions }: Reader, auth: AuthContext) {
  const query = db.selectFrom("isolationSegments").selectAll("isolationSegments");
  const organizations = permissions.organizations(auth, "organization.read");
  if (organizations === undefined) return query;
  return query.where("isolationSegments.guid", "in", (eb) =>
    eb
      .selectFrom("isolationSegmentEntitlements as entitled")
      .select("entitled.isolationSegmentGuid")
      .where("entitled.organizationGuid", "in", organizations),
  );
}

export async function findVisibleSegment(
  reader: Reader,
  auth: AuthContext,
  guid: string,
): Promise<IsolationSegment> {
  const segment = await visibleSegments(reader, auth)
    .where("isolationSegments.guid", "=", guid)
    .executeTakeFirst();
  if (segment === undefined) throw notFound("Isolation segment");
  return segment;
}
