import { sql } from "kysely";
import type { StoredBoolean } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import type { RoleType } from "../roles/role-table.ts";
import type { AuthContext } from "./auth-context.ts";
import { CfError, notFound } from "./cf-errors.ts";
import { isOneOf } from "./page.ts";

type GlobalRole = "admin" | "admin_read_only" | "global_auditor";

interface Grant {
  readonly global: readonly GlobalRole[];
  /** Space roles count in their space, organization roles in each space of their organization. */
  readonly roles: readonly RoleType[];
  /** In an organization, space roles of any of its spaces count too. */
  readonly anySpace?: boolean;
}

const globalReaders = ["admin", "admin_read_only", "global_auditor"] as const;
const spaceReaders = [
  "space_developer",
  "space_manager",
  "space_auditor",
  "space_supporter",
  "organization_manager",
] as const;
const everySpaceRole = [
  "space_developer",
  "space_manager",
  "space_auditor",
  "space_supporter",
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
  /** As one who has a role in the space itself: the quota of the space. */
  "space.member": { global: globalReaders, roles: everySpaceRole },
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
  /** Give the space an isolation segment, also while it takes no other change. */
  "space.isolate": { global: ["admin"], roles: ["organization_manager"] },
  "organization.read": { global: globalReaders, roles: everyOrganizationRole },
  /** The organization's private domains: its users and billing managers see none. */
  "domains.read": {
    global: globalReaders,
    roles: ["organization_manager", "organization_auditor", ...everySpaceRole],
    anySpace: true,
  },
  /** Rename, create spaces, space quotas and private domains, grant roles. */
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
    const roles = await this.#rolesIn(auth.userGuid, place, grants[action]);
    return isGranted(action, { global, roles });
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
    if (changes.has(action) && subject.place !== "platform") {
      await this.requireWritable(auth, subject.place);
    }
  }

  /**
   * Refuses changes where the space or its organization is suspended (403) or being deleted (422). Administrators may
   * change both, and an organization's managers its suspended spaces.
   */
  async requireWritable(auth: AuthContext, place: Exclude<Place, "platform">): Promise<void> {
    if (auth.isAdmin) return;
    const state = await this.#stateOf(place);
    if (state === undefined) return;
    const { organizationGuid } = state;
    const fault = writeFault(state);
    if (fault === undefined) return;
    if (fault.of === "space") {
      const isManager = await this.can(auth, "organization.update", { organizationGuid });
      if (isManager) return;
    }
    throw fault.error;
  }

  /**
   * The spaces in which the user may do that, as a subquery for `where("spaceGuid", "in", ...)`; undefined: in all.
   * With `among` only those of them: a list asks for few spaces, and a user may have roles in thousands.
   */
  spaces(auth: AuthContext, action: Action, among?: readonly string[]) {
    if (isGranted(action, { global: globalRolesOf(auth), roles: [] })) return undefined;
    let spaces = this.#db.selectFrom("spaces as permitted").select("permitted.guid");
    if (among !== undefined) spaces = spaces.where(isOneOf(sql.ref("permitted.guid"), among));
    return spaces.where((eb) =>
      eb.or([
        eb("permitted.guid", "in", this.#spacesOfRoles(auth, action)),
        eb("permitted.organizationGuid", "in", this.#organizationsOfRoles(auth, action)),
      ]),
    );
  }

  /** The organizations in which the user may do that, as a subquery; undefined: in all. */
  organizations(auth: AuthContext, action: Action) {
    if (isGranted(action, { global: globalRolesOf(auth), roles: [] })) return undefined;
    const grant: Grant = grants[action];
    const own = this.#organizationsOfRoles(auth, action);
    if (grant.anySpace !== true) return own;
    return own.union(
      this.#db
        .selectFrom("spaces as reached")
        .select("reached.organizationGuid as guid")
        .where("reached.guid", "in", this.#spacesOfRoles(auth, action)),
    );
  }

  #organizationsOfRoles(auth: AuthContext, action: Action) {
    return this.#db
      .selectFrom("roles as granted")
      .select((eb) => eb.ref("granted.organizationGuid").$notNull().as("guid"))
      .where("granted.userGuid", "=", auth.userGuid)
      .where("granted.organizationGuid", "is not", null)
      .where("granted.type", "in", [...grants[action].roles]);
  }

  #spacesOfRoles(auth: AuthContext, action: Action) {
    return this.#db
      .selectFrom("roles as given")
      .select((eb) => eb.ref("given.spaceGuid").$notNull().as("guid"))
      .where("given.userGuid", "=", auth.userGuid)
      .where("given.spaceGuid", "is not", null)
      .where("given.type", "in", [...grants[action].roles]);
  }

  async #rolesIn(
    userGuid: string,
    place: Exclude<Place, "platform">,
    grant: Grant,
  ): Promise<RoleType[]> {
    const ofUser = this.#db.selectFrom("roles").select("type").where("userGuid", "=", userGuid);
    if ("spaceGuid" in place) {
      const rows = await ofUser
        .where((eb) =>
          eb.or([
            eb("spaceGuid", "=", place.spaceGuid),
            eb("organizationGuid", "=", (of) =>
              of
                .selectFrom("spaces")
                .select("organizationGuid")
                .where("guid", "=", place.spaceGuid),
            ),
          ]),
        )
        .execute();
      return rows.map((row) => row.type);
    }
    const { organizationGuid } = place;
    const rows = await ofUser
      .where((eb) =>
        grant.anySpace === true
          ? eb.or([
              eb("organizationGuid", "=", organizationGuid),
              eb("spaceGuid", "in", (of) =>
                of
                  .selectFrom("spaces")
                  .select("guid")
                  .where("organizationGuid", "=", organizationGuid),
              ),
            ])
          : eb("organizationGuid", "=", organizationGuid),
      )
      .execute();
    return rows.map((row) => row.type);
  }

  async #stateOf(place: Exclude<Place, "platform">): Promise<PlaceState | undefined> {
    const organizations = this.#db.selectFrom("organizations");
    if ("organizationGuid" in place) {
      const row = await organizations
        .select(["guid as organizationGuid", "suspended", "deleting"])
        .where("guid", "=", place.organizationGuid)
        .executeTakeFirst();
      return row === undefined ? undefined : { ...row, space: undefined };
    }
    const row = await organizations
      .innerJoin("spaces", "spaces.organizationGuid", "organizations.guid")
      .select([
        "organizations.guid as organizationGuid",
        "organizations.suspended",
        "organizations.deleting",
        "spaces.suspended as spaceSuspended",
        "spaces.deleting as spaceDeleting",
      ])
      .where("spaces.guid", "=", place.spaceGuid)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const space = { suspended: row.spaceSuspended, deleting: row.spaceDeleting };
    return { ...row, space };
  }
}

interface Writability {
  readonly suspended: StoredBoolean;
  readonly deleting: StoredBoolean;
}

interface PlaceState extends Writability {
  readonly organizationGuid: string;
  /** Undefined where the change is the organization's. */
  readonly space: Writability | undefined;
}

/** What keeps changes out, in Cloud Controller's order: a deletion is told before a suspension. */
function writeFault(
  state: PlaceState,
): { readonly of: "space" | "organization"; readonly error: CfError } | undefined {
  const { space } = state;
  const deleting = (of: "space" | "organization") => ({
    of,
    error: new CfError("ResourceBeingDeleted", `The ${of} is being deleted`),
  });
  if (state.deleting === 1) return deleting("organization");
  if (state.suspended === 1) return { of: "organization", error: new CfError("OrgSuspended") };
  if (space?.deleting === 1) return deleting("space");
  if (space?.suspended === 1) return { of: "space", error: new CfError("SpaceSuspended") };
  return undefined;
}
