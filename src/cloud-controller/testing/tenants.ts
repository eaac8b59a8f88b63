import type { RoleType } from "../roles/role-table.ts";
import type { Caller, TestCloudController } from "./test-cloud-controller.ts";

/** The space and organization that every platform begins with. */
export async function firstSpace(
  admin: Caller,
): Promise<{ readonly spaceGuid: string; readonly organizationGuid: string }> {
  const [space] = (await admin.get("/v3/spaces?names=dev")).json.resources;
  return {
    spaceGuid: space.guid,
    organizationGuid: space.relationships.organization.data.guid,
  };
}

/** A user with exactly these roles (and `organization_user` where a space's roles ask for it). */
export async function userWith(
  cc: TestCloudController,
  name: string,
  roles: {
    readonly spaceGuid: string;
    readonly organizationGuid: string;
    readonly types: readonly RoleType[];
  },
): Promise<Caller> {
  const admin = await cc.admin();
  const user = await cc.as({ userGuid: `${name}-guid`, userName: name });
  // A first request makes Cloud Controller's record of the user.
  await user.get("/v3/organizations");
  const types = new Set(roles.types);
  if (roles.types.some((type) => type.startsWith("space_"))) types.add("organization_user");
  const ordered = [...types].sort(
    (a, b) => Number(a.startsWith("space_")) - Number(b.startsWith("space_")),
  );
  for (const type of ordered) {
    const place = type.startsWith("space_")
      ? { space: { data: { guid: roles.spaceGuid } } }
      : { organization: { data: { guid: roles.organizationGuid } } };
    const granted = await admin.post("/v3/roles", {
      type,
      relationships: { user: { data: { guid: `${name}-guid` } }, ...place },
    });
    if (granted.status !== 201) throw new Error(`no role ${type}: ${granted.text}`);
  }
  return user;
}
