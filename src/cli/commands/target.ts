import { requireUser, type User } from "../actors/target-check.ts";
import type { CloudController } from "../api/cloud-controller.ts";
import { findOrganization } from "../api/organizations.ts";
import { findSpace, listSpaces } from "../api/spaces.ts";
import type { ClientConfig } from "../config/client-config.ts";
import { Failure } from "../failure.ts";
import type { Session } from "../session.ts";
import type { Command } from "./command.ts";

export const target: Command = {
  usage: "rivera target [-o ORG] [-s SPACE]",
  arguments: [],
  flags: [
    { short: "o", takes: "value", description: "Organization" },
    { short: "s", takes: "value", description: "Space" },
  ],
  seeAlso: ["create-org", "create-space", "login", "orgs", "spaces"],
  async run(session, input) {
    const { config } = session;
    const user = requireUser(config);
    const organization = input.value("o");
    const space = input.value("s");
    try {
      if (organization !== undefined || space !== undefined) {
        const cc = await session.cloudController();
        if (organization !== undefined) await targetOrganization(cc, config, organization);
        if (space !== undefined) await targetSpace(cc, config, space);
        else await targetOnlySpace(cc, config);
      }
    } catch (error) {
      // What was asked for is not there: pushing on into the old target would be a surprise.
      if (organization !== undefined) config.setOrganization(undefined);
      config.setSpace(undefined);
      throw error;
    }
    showTarget(session, user);
  },
};

async function targetOrganization(
  cc: CloudController,
  config: ClientConfig,
  name: string,
): Promise<void> {
  const found = await findOrganization(cc, name);
  if (found === undefined) throw new Failure(`Organization '${name}' not found.`);
  config.setOrganization({ guid: found.guid, name });
  config.setSpace(undefined);
}

async function targetSpace(cc: CloudController, config: ClientConfig, name: string): Promise<void> {
  const { organization } = config;
  if (organization === undefined) {
    throw new Failure("No org targeted, use 'rivera target -o ORG' to target an org.");
  }
  const found = await findSpace(cc, name, organization.guid);
  if (found === undefined) throw new Failure(`Space '${name}' not found.`);
  config.setSpace(found);
}

async function targetOnlySpace(cc: CloudController, config: ClientConfig): Promise<void> {
  const spaces = await listSpaces(cc, {
    organization_guids: config.organization?.guid,
    order_by: "name",
  });
  if (spaces.length === 1) config.setSpace(spaces[0]);
}

function showTarget({ ui, config }: Session, user: User): void {
  const { values, organization, space } = config;
  ui.keyValues([
    ["API endpoint:", values.Target],
    ["API version:", values.APIVersion],
    ["user:", user.name],
    ...(organization === undefined ? [] : [["org:", organization.name] as const]),
    ...(space === undefined ? [] : [["space:", space.name] as const]),
  ]);
  if (organization === undefined) {
    ui.text("No org or space targeted, use 'rivera target -o ORG -s SPACE'");
  } else if (space === undefined) {
    ui.text("No space targeted, use 'rivera target -s SPACE'");
  }
}
