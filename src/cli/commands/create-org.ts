import { requireUser } from "../actors/target-check.ts";
import { isUnprocessable } from "../api/api-error.ts";
import { createOrganization, type Organization } from "../api/organizations.ts";
import { applyOrganizationQuota } from "../api/quotas.ts";
import type { Command } from "./command.ts";

export const createOrg: Command = {
  usage: "rivera create-org ORG [-q ORG_QUOTA]",
  arguments: [{ name: "ORG" }],
  flags: [
    {
      long: "quota",
      short: "q",
      takes: "value",
      description: "Quota to assign to the newly created org",
    },
  ],
  seeAlso: ["create-space", "org-quotas", "orgs", "set-org-role"],
  async run(session, input) {
    const { ui } = session;
    const user = requireUser(session.config);
    const name = input.argument("ORG");
    ui.text(ui.flavor`Creating org ${name} as ${user.name}...`);
    const cc = await session.cloudController();
    let organization: Organization;
    try {
      organization = await createOrganization(cc, name);
    } catch (error) {
      if (!isUnprocessable(error, /Organization '.*' already exists\./)) throw error;
      ui.text(error.detail);
      ui.ok();
      return;
    }
    ui.ok();
    const quota = input.value("quota");
    if (quota !== undefined) {
      ui.text(ui.flavor`Setting org quota ${quota} to org ${name} as ${user.name}...`);
      await applyOrganizationQuota(cc, quota, organization.guid);
      ui.ok();
    }
    ui.text(`TIP: Use 'rivera target -o "${name}"' to target new org`);
  },
};
