import { requireOrganization, requireUser, type User } from "../actors/target-check.ts";
import { ApiError, isUnprocessable } from "../api/api-error.ts";
import type { CloudController } from "../api/cloud-controller.ts";
import { findOrganization } from "../api/organizations.ts";
import { applySpaceQuota } from "../api/quotas.ts";
import { createRole } from "../api/roles.ts";
import { createSpace } from "../api/spaces.ts";
import { Failure } from "../failure.ts";
import type { Named } from "../config/client-config.ts";
import type { Command } from "./command.ts";

export const createSpaceCommand: Command = {
  usage: "rivera create-space SPACE [-o ORG] [-q QUOTA]",
  arguments: [{ name: "SPACE" }],
  flags: [
    { short: "o", takes: "value", description: "Organization" },
    {
      long: "quota",
      short: "q",
      takes: "value",
      description: "Quota to assign to the newly created space",
    },
  ],
  seeAlso: ["set-space-isolation-segment", "space-quotas", "spaces", "target"],
  async run(session, input) {
    const { ui } = session;
    const user = requireUser(session.config);
    const cc = await session.cloudController();
    const given = input.value("o");
    const organization =
      given === undefined
        ? requireOrganization(session.config).organization
        : await organizationNamed(cc, given);
    const name = input.argument("SPACE");
    ui.text(ui.flavor`Creating space ${name} in org ${organization.name} as ${user.name}...`);
    let space: Named;
    try {
      space = await createSpace(cc, name, organization.guid);
    } catch (error) {
      if (!isUnprocessable(error, /Name must be unique per organization/)) throw error;
      ui.text(`Space '${name}' already exists.`);
      ui.ok();
      return;
    }
    ui.ok();
    const place = { organizationGuid: organization.guid, spaceGuid: space.guid };
    const quota = input.value("quota");
    if (quota !== undefined) {
      ui.text(ui.flavor`Setting space quota ${quota} to space ${name} as ${user.name}...`);
      await applySpaceQuota(cc, quota, place);
      ui.ok();
    }
    const roles = [
      ["SpaceManager", "space_manager"],
      ["SpaceDeveloper", "space_developer"],
    ] as const;
    for (const [title, type] of roles) {
      ui.text(
        ui.flavor`Assigning role ${title} to user ${user.name} in org ${organization.name} / space ${name} as ${user.name}...`,
      );
      await assign(cc, user, { type, ...place });
      ui.ok();
    }
    ui.text(`TIP: Use 'rivera target -o "${organization.name}" -s "${name}"' to target new space`);
  },
};

async function organizationNamed(cc: CloudController, name: string): Promise<Named> {
  const found = await findOrganization(cc, name);
  if (found === undefined) throw new Failure(`Organization '${name}' not found.`);
  return found;
}

/** A role in a space needs one in its organization, which the user may have or may not be allowed to give. */
async function assign(
  cc: CloudController,
  { name: username, origin }: User,
  role: {
    readonly type: "space_manager" | "space_developer";
    readonly organizationGuid: string;
    readonly spaceGuid: string;
  },
): Promise<void> {
  const user = { username, origin };
  try {
    const resource = { organization: role.organizationGuid };
    await createRole(cc, { type: "organization_user", user, resource });
  } catch (error) {
    const isForbidden = error instanceof ApiError && error.status === 403;
    if (!isForbidden && !isUnprocessable(error, /already has '.*' role/)) throw error;
  }
  await createRole(cc, { type: role.type, user, resource: { space: role.spaceGuid } });
}
