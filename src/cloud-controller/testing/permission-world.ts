import type { RoleType } from "../roles/role-table.ts";
import { Developer } from "./developer.ts";
import { firstSpace, userWith } from "./tenants.ts";
import type { Answer, Caller, TestCloudController } from "./test-cloud-controller.ts";

/** The callers of the permission table: each role alone, nobody, and the three global ones. */
export const callerNames = [
  "developer",
  "manager",
  "auditor",
  "supporter",
  "orgManager",
  "orgAuditor",
  "orgBilling",
  "orgUser",
  "nobody",
  "admin",
  "readOnly",
  "globalAuditor",
] as const;

export type CallerName = (typeof callerNames)[number];

const rolesOf: Partial<Record<CallerName, RoleType>> = {
  developer: "space_developer",
  manager: "space_manager",
  auditor: "space_auditor",
  supporter: "space_supporter",
  orgManager: "organization_manager",
  orgAuditor: "organization_auditor",
  orgBilling: "organization_billing_manager",
  orgUser: "organization_user",
};

/** Guids of what the table's requests are about; all of it lies in the first space or belongs to its organization. */
export interface PermissionWorld {
  readonly admin: Caller;
  readonly callers: Readonly<Record<CallerName, Caller>>;
  readonly organization: string;
  readonly space: string;
  /** In which nobody has a role. */
  readonly otherOrganization: string;
  readonly otherSpace: string;
  readonly app: string;
  readonly package: string;
  readonly droplet: string;
  readonly domain: string;
  readonly privateDomain: string;
  readonly route: string;
  readonly organizationQuota: string;
  readonly spaceQuota: string;
  readonly segment: string;
  readonly securityGroup: string;
  readonly stack: string;
  readonly buildpack: string;
  /** A member of the organization with no role in the space. */
  readonly member: string;
  readonly memberRole: string;
  /** A text that no earlier call gave. */
  unique(): string;
}

export async function permissionWorld(cc: TestCloudController): Promise<PermissionWorld> {
  const developer = await Developer.admin(cc);
  const admin = developer.caller;
  const { spaceGuid: space, organizationGuid: organization } = await firstSpace(admin);
  const place = { spaceGuid: space, organizationGuid: organization };
  const callers = await makeCallers(cc, place);
  const to = (guid: string) => ({ data: { guid } });
  const make = async (path: string, body: object): Promise<string> =>
    made(await admin.post(path, body)).json.guid;

  await userWith(cc, "member", { ...place, types: ["organization_user"] });
  const app = await developer.createApp("subject");
  const droplet = await make("/v3/droplets", {
    relationships: { app: to(app) },
    process_types: { web: "run" },
  });
  const bits = { name: "bits", content: Buffer.from([0x1f, 0x8b, 8, 0]), filename: "d.tgz" };
  await admin.job(await developer.upload(`/v3/droplets/${droplet}/upload`, [bits]));
  made(
    await admin.patch(`/v3/apps/${app}/relationships/current_droplet`, { data: { guid: droplet } }),
  );
  const domain: string = (await admin.get("/v3/domains")).json.resources[0].guid;
  const spaceQuota = await make("/v3/space_quotas", {
    name: "applied",
    relationships: { organization: to(organization), spaces: { data: [{ guid: space }] } },
  });
  const segment = await make("/v3/isolation_segments", { name: "entitled" });
  made(
    await admin.post(`/v3/isolation_segments/${segment}/relationships/organizations`, {
      data: [{ guid: organization }],
    }),
  );
  const otherOrganization = await make("/v3/organizations", { name: "other" });
  const otherSpace = await make("/v3/spaces", {
    name: "other",
    relationships: { organization: to(otherOrganization) },
  });
  const roles = await admin.get("/v3/roles?user_guids=member-guid");
  let count = 0;
  return {
    admin,
    callers,
    organization,
    space,
    otherOrganization,
    otherSpace,
    app,
    package: await developer.createPackage(app),
    droplet,
    domain,
    privateDomain: await make("/v3/domains", {
      name: "own.test",
      relationships: { organization: to(organization) },
    }),
    route: await make("/v3/routes", {
      host: "www",
      relationships: { space: to(space), domain: to(domain) },
    }),
    organizationQuota: (await admin.get("/v3/organization_quotas")).json.resources[0].guid,
    spaceQuota,
    segment,
    securityGroup: await make("/v3/security_groups", {
      name: "bound",
      relationships: { running_spaces: { data: [{ guid: space }] } },
    }),
    stack: (await admin.get("/v3/stacks")).json.resources[0].guid,
    buildpack: await make("/v3/buildpacks", { name: "any" }),
    member: "member-guid",
    memberRole: roles.json.resources[0].guid,
    unique: () => `subject-${(count += 1)}`,
  };
}

async function makeCallers(
  cc: TestCloudController,
  place: { readonly spaceGuid: string; readonly organizationGuid: string },
): Promise<Record<CallerName, Caller>> {
  const withRole = (name: CallerName) => {
    const role = rolesOf[name];
    return userWith(cc, name, { ...place, types: role === undefined ? [] : [role] });
  };
  const withScope = (name: CallerName, scope: string) =>
    cc.as({ userGuid: name, scopes: [scope, "cloud_controller.read", "cloud_controller.write"] });
  return {
    developer: await withRole("developer"),
    manager: await withRole("manager"),
    auditor: await withRole("auditor"),
    supporter: await withRole("supporter"),
    orgManager: await withRole("orgManager"),
    orgAuditor: await withRole("orgAuditor"),
    orgBilling: await withRole("orgBilling"),
    orgUser: await withRole("orgUser"),
    nobody: await withRole("nobody"),
    admin: await withScope("admin", "cloud_controller.admin"),
    readOnly: await withScope("readOnly", "cloud_controller.admin_read_only"),
    globalAuditor: await withScope("globalAuditor", "cloud_controller.global_auditor"),
  };
}

function made(answer: Answer): Answer {
  if (answer.status >= 300) throw new Error(`not made: ${answer.status} ${answer.text}`);
  return answer;
}
