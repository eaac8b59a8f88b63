import { requireOrganization } from "../actors/target-check.ts";
import { listSpaces } from "../api/spaces.ts";
import type { Command } from "./command.ts";

export const spaces: Command = {
  usage: `rivera spaces [--labels SELECTOR]`,
  examples: `rivera spaces
rivera spaces --labels 'environment in (production,staging),tier in (backend)'
rivera spaces --labels 'env=dev,!chargeback-code,tier in (backend,worker)'`,
  arguments: [],
  flags: [{ long: "labels", takes: "value", description: "Selector to filter spaces by labels" }],
  seeAlso: ["create-space", "set-space-role", "space", "space-users"],
  async run(session, input) {
    const { ui } = session;
    const { user, organization } = requireOrganization(session.config);
    ui.text(ui.flavor`Getting spaces in org ${organization.name} as ${user.name}...`);
    ui.newline();
    const found = await listSpaces(await session.cloudController(), {
      organization_guids: organization.guid,
      order_by: "name",
      label_selector: input.value("labels"),
    });
    if (found.length === 0) ui.text("No spaces found.");
    else ui.tableWithHeader([["name"], ...found.map(({ name }) => [name])]);
  },
};
