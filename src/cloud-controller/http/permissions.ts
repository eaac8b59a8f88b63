import type { Database } from "../database/schema.ts";
import type { RoleType } from "../roles/role-table.ts";
import type { AuthContext } from "./auth-context.ts";
import { CfError, notFound } from "./cf-errors.ts";

type GlobalRole = "admin" | "admin_read_only" | "global_auditor";

interface Grant {
  readonly global: readonly GlobalRole[];
  /** Space roles count in their space, organization roles in each space of their organization. */
  readonly roles: readonly RoleType[];
}

const globalReaders = ["admin", "admin_read_only", "global_auditor"] as const;
const spaceReaders = [
  "space_developer",
  "space_manager",
  "space_auditor",
  "space_supporter",
  "organization_manager",
] as const;
const everyOrganizationRole = [
  "organization_user",
  "organization_auditor",
  "organization_manager",
  "organization_billing_manager",
] as const;

/** Who may do what: all of Cloud Controller's rules (lib/cloud_controller/permissions.rb) in one table. */
const grants = {
  /** See the space and most of what is in it. */
  "space.read": { global: globalReaders, roles: spaceReaders },
  /** Create, change and delete apps, packages and routes' owners. */
  "space.write": { global: ["admin"], roles: ["space_developer"] },
  /** Start, stop, restart, scale, build, map routes. */
  "apps.manage": { global: ["admin"], roles: ["space_developer", "space_supporter"] },
  /** Commands, process types of droplets, manifests. */
  "secrets.read": { global: ["admin", "admin_read_only"], roles: ["space_developer"] },
  "environment.read": {
    global: ["admin", "admin_read_only"],
    roles: ["space_developer", "space_supporter"],
  },
  "droplet.download": {
    global: globalReaders,
    roles: ["space_developer", "space_manager", "space_auditor", "organization_manager"],
  },
  "routes.read": { global: globalReaders, roles: [...spaceReaders, "organization_auditor"] },
  "routes.manage": { global: ["admin"], roles: ["space_developer", "space_supporter"] },
  "audit-events.read": {
    global: globalReaders,
    roles: ["space_developer", "space_auditor", "space_supporter", "organization_auditor"],
  },
  /** Rename, give features, grant roles of the space. */
  "space.update": { global: ["admin"], roles: ["space_manager", "organization_manager"] },
  "space.delete": { global: ["admin"], roles: ["organization_manager"] },
  "organization.read": { global: globalReaders, roles: everyOrganizationRole },
  /** Rename, create spaces and private domains, grant roles. */
  "organization.update": { global: ["admin"], roles: ["organization_manager"] },
  /** Whatever only an operator does. */
  "platform.manage": { global: ["admin"], roles: [] },
  "platform.read": { global: globalReaders, roles: [] },
} as const satisfies Record<string, Grant>;

export type Action = keyof typeof grants;

/** Where an action is to happen. */
export type Place =
  | { readonly spaceGuid: string }
  | { readonly organizationGuid: string }
  | "platform";

const changes: ReadonlySet<Action> = new Set([
  "space.write",
  "apps.manage",
  "routes.manage",
  "space.update",
  "space.delete",
  "organization.update",
]);

export function globalRolesOf(auth: AuthContext): readonly GlobalRole[] {
  const held: Readonly<Record<GlobalRole, boolean>> = {
    admin: auth.isAdmin,
    admin_read_only: auth.isAdminReadOnly,
    global_auditor: auth.isGlobalAuditor,
  };
  return globalReaders.filter((role) => held[role]);
}

/** Whether a user with exactly these roles in a place may do something there. Pure: the permission table's meaning. */
export function isGranted(
  action: Action,
  held: { readonly global: readonly GlobalRole[]; readonly roles: readonly RoleType[] },
): boolean {
  const grant: Grant = grants[action];
  return (
    grant.global.some((role) => held.global.includes(role)) ||
    grant.roles.some((role) => held.roles.includes(role))
  );
}

/** Answers questions about one user's rights from the roles that are stored now. */
export class Permissions {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async can(auth: AuthContext, action: Action, place: Place): Promise<boolean> {
    const global = globalRolesOf(auth);
    if (isGranted(action, { global, roles: [] })) return true;
    if (place === "platform" || auth.userGuid === "") return false;
    return isGranted(action, { global, roles: await this.#rolesIn(auth.userGuid, place) });
  }

  /** Refuses like Cloud Controller: what may not be seen is not found, what may be seen but not done is forbidden. */
  async require(
    auth: AuthContext,
    action: Action,
    subject: { readonly name: string; readonly place: Place; readonly readBy?: Action },
  ): Promise<void> {
    const readBy = subject.readBy ?? "space.read";
    if (!(await this.can(auth, readBy, subject.place))) throw notFound(subject.name);
    if (action === readBy) return;
    if (!(await this.can(auth, action, subject.place))) throw new CfError("NotAuthorized");
    if (changes.has(action)) await this.#refuseSuspended(auth, subject.place);
  }

  /**
   * The spaces in which the user may do that, as a subquery for `where("spaceGuid", "in", ...)`; undefined: in all.
   */
  spaces(auth: AuthContext, action: Action) {
    if (isGranted(action, { global: globalRolesOf(auth), roles: [] })) return undefined;
    const roles: readonly RoleType[] = grants[action].roles;
    const spaceRoles = roles.filter((role) => role.startsWith("space_"));
    const organizationRoles = roles.filter((role) => role.startsWith("organization_"));
    return this.#db
      .selectFrom("spaces as permitted")
      .select("permitted.guid")
      .where((eb) =>
        eb.or([
          eb(
            "permitted.guid",
            "in",
            eb
              .selectFrom("roles")
              .select((role) => role.ref("roles.spaceGuid").$notNull().as("guid"))
              .where("roles.userGuid", "=", auth.userGuid)
              .where("roles.spaceGuid", "is not", null)
              .where("roles.type", "in", [...spaceRoles]),
          ),
          eb(
            "permitted.organizationGuid",
            "in",
            eb
              .selectFrom("roles")
              .select((role) => role.ref("roles.organizationGuid").$notNull().as("guid"))
              .where("roles.userGuid", "=", auth.userGuid)
              .where("roles.organizationGuid", "is not", null)
              .where("roles.type", "in", [...organizationRoles]),
          ),
        ]),
      );
  }

  /** The organizations in which the user may do that, as a subquery; undefined: in all. */
  organizations(auth: AuthContext, action: Action) {
    if (isGranted(action, { global: globalRolesOf(auth), roles: [] })) return undefined;
    const roles: readonly RoleType[] = grants[action].roles;
    return this.#db
      .selectFrom("roles as granted")
      .select((eb) => eb.ref("granted.organizationGuid").$notNull().as("guid"))
      .where("granted.userGuid", "=", auth.userGuid)
      .where("granted.organizationGuid", "is not", null)
      .where("granted.type", "in", [...roles]);
  }

  async #rolesIn(userGuid: string, place: Exclude<Place, "platform">): Promise<RoleType[]> {
    const ofUser = this.#db.selectFrom("roles").select("type").where("userGuid", "=", userGuid);
    if ("organizationGuid" in place) {
      const rows = await ofUser.where("organizationGuid", "=", place.organizationGuid).execute();
      return rows.map((row) => row.type);
    }
    const rows = await ofUser
      .where((eb) =>
        eb.or([
          eb("spaceGuid", "=", place.spaceGuid),
          eb(
            "organizationGuid",
            "=",
            eb.selectFrom("spaces").select("organizationGuid").where("guid", "=", place.spaceGuid),
          ),
        ]),
      )
      .execute();
    return rows.map((row) => row.type);
  }

  async #refuseSuspended(auth: AuthContext, place: Place): Promise<void> {
    if (auth.isAdmin || place === "platform") return;
    const organizations = this.#db.selectFrom("organizations").select("suspended");
    const row = await (
      "organizationGuid" in place
        ? organizations.where("guid", "=", place.organizationGuid)
        : organizations.where("guid", "=", (eb) =>
            eb.selectFrom("spaces").select("organizationGuid").where("guid", "=", place.spaceGuid),
          )
    ).executeTakeFirst();
    if (row?.suspended === 1) throw new CfError("OrgSuspended");
  }
}
