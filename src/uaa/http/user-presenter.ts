import { fromNanoseconds } from "#kernel/clock/clock.ts";
import type { User } from "../users/user-table.ts";

/** A user in SCIM's form. */
export function presentUser(user: User): object {
  return {
    id: user.guid,
    meta: {
      version: user.version,
      created: iso(user.createdAt),
      lastModified: iso(user.updatedAt),
    },
    userName: user.userName,
    name: { familyName: user.familyName, givenName: user.givenName },
    emails: [{ value: user.email, primary: true }],
    groups: user.memberships.map(({ guid, name }) => ({
      value: guid,
      display: name,
      type: "DIRECT",
    })),
    active: user.isActive,
    verified: user.isVerified,
    origin: user.origin,
    zoneId: "uaa",
    passwordLastModified: iso(user.passwordChangedAt),
    schemas: ["urn:scim:schemas:core:1.0"],
  };
}

/** As UAA writes times. */
export function iso(milliseconds: number): string {
  return fromNanoseconds(BigInt(milliseconds) * 1_000_000n).toISOString();
}
