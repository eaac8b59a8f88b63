import { requireUser } from "../actors/target-check.ts";
import { listOrganizations } from "../api/organizations.ts";
import type { Command } from "./command.ts";

export const orgs: Command = {
  usage: `rivera orgs [--labels SELECTOR]`,
  examples: `rivera orgs
rivera orgs --labels 'environment in (production,staging),tier in (backend)'
rivera orgs --labels 'env=dev,!chargeback-code,tier in (backend,worker)'`,
  arguments: [],
  flags: [{ long: "labels", takes: "value", description: "Selector to filter orgs by labels" }],
  seeAlso: ["create-org", "org", "org-users", "set-org-role"],
  async run(session, input) {
    const { ui } = session;
    const user = requireUser(session.config);
    ui.text(ui.flavor`Getting orgs as ${user.name}...`);
    ui.newline();
    const found = await listOrganizations(await session.cloudController(), {
      label_selector: input.value("labels"),
    });
    if (found.length === 0) ui.text("No orgs found.");
    else ui.tableWithHeader([["name"], ...found.map(({ name }) => [name])]);
  },
};
