import { requireUser } from "../actors/target-check.ts";
import { isUnprocessable } from "../api/api-error.ts";
import { createOrganization } from "../api/organizations.ts";
import type { Command } from "./command.ts";

export const createOrg: Command = {
  usage: "rivera create-org ORG",
  arguments: [{ name: "ORG" }],
  flags: [],
  seeAlso: ["create-space", "org-quotas", "orgs", "set-org-role"],
  async run(session, input) {
    const { ui } = session;
    const user = requireUser(session.config);
    const name = input.argument("ORG");
    ui.text(ui.flavor`Creating org ${name} as ${user.name}...`);
    try {
      await createOrganization(await session.cloudController(), name);
    } catch (error) {
      if (!isUnprocessable(error, /Organization '.*' already exists\./)) throw error;
      ui.text(error.detail);
      ui.ok();
      return;
    }
    ui.ok();
    ui.text(`TIP: Use 'rivera target -o "${name}"' to target new org`);
  },
};
