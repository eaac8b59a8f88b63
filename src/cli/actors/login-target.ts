import type { CloudController } from "../api/cloud-controller.ts";
import { findOrganization, listOrganizations } from "../api/organizations.ts";
import { findSpace, listSpaces } from "../api/spaces.ts";
import type { Named } from "../config/client-config.ts";
import { Failure } from "../failure.ts";
import type { Session } from "../session.ts";

export interface WantedTarget {
  readonly organization: string | undefined;
  readonly space: string | undefined;
}

const mostMenuEntries = 50;

/** Targets the organization and space that are named, or the only ones there are, or those chosen from a menu. */
export async function targetAfterLogin(session: Session, wanted: WantedTarget): Promise<void> {
  const { ui, config } = session;
  const cc = await session.cloudController();
  const organization = await chooseOrganization(session, cc, wanted);
  if (organization === undefined) return;
  config.setOrganization(organization);
  ui.text(ui.flavor`Targeted org ${organization.name}.`);
  ui.newline();
  const space = await chooseSpace(session, cc, { organization, name: wanted.space });
  if (space === undefined) return;
  config.setSpace(space);
  ui.text(ui.flavor`Targeted space ${space.name}.`);
  ui.newline();
}

async function chooseOrganization(
  session: Session,
  cc: CloudController,
  wanted: WantedTarget,
): Promise<Named | undefined> {
  if (wanted.organization !== undefined) {
    const found = await findOrganization(cc, wanted.organization);
    if (found === undefined) throw new Failure(`Organization '${wanted.organization}' not found.`);
    return found;
  }
  const all = await listOrganizations(cc);
  const candidates = wanted.space === undefined ? all : await withSpace(cc, all, wanted.space);
  return await chooseFrom(session, candidates, {
    title: "Select an org:",
    label: "Org",
    notFound: (name) => `Organization '${name}' not found.`,
  });
}

async function withSpace(
  cc: CloudController,
  organizations: readonly Named[],
  space: string,
): Promise<Named[]> {
  const having: Named[] = [];
  for (const organization of organizations) {
    if ((await findSpace(cc, space, organization.guid)) !== undefined) having.push(organization);
  }
  return having;
}

async function chooseSpace(
  session: Session,
  cc: CloudController,
  { organization, name }: { readonly organization: Named; readonly name: string | undefined },
): Promise<Named | undefined> {
  if (name !== undefined) {
    const found = await findSpace(cc, name, organization.guid);
    if (found === undefined) throw new Failure(`Space '${name}' not found.`);
    return found;
  }
  const spaces = await listSpaces(cc, {
    organization_guids: organization.guid,
    order_by: "name",
  });
  return await chooseFrom(session, spaces, {
    title: "Select a space:",
    label: "Space",
    notFound: (typed) => `Space '${typed}' not found.`,
  });
}

async function chooseFrom(
  { prompts }: Session,
  candidates: readonly Named[],
  words: { readonly title: string; readonly label: string; notFound(name: string): string },
): Promise<Named | undefined> {
  if (candidates.length <= 1) return candidates.at(0);
  const isLong = candidates.length >= mostMenuEntries;
  const typed = await prompts.menu({
    label: words.label,
    title: isLong
      ? `${words.title}\nThere are too many options to display; please type in the name.`
      : words.title,
    choices: isLong ? [] : candidates.map(({ name }) => name),
  });
  if (typed === undefined) return undefined;
  const chosen = candidates.find(({ name }) => name === typed);
  if (chosen === undefined) throw new Failure(words.notFound(typed));
  return chosen;
}
