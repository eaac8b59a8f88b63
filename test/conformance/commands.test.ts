import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { officialClientVersion, withoutOfficialClient } from "../support/official-client.ts";
import { difference } from "./asked.ts";
import { catalogue } from "./catalogue.ts";
import type { Command } from "./command.ts";
import { appSettings } from "./commands/app-settings.ts";
import { apps, appStates } from "./commands/apps.ts";
import { buildpacks, stacks } from "./commands/buildpacks.ts";
import { deployments } from "./commands/deployments.ts";
import { domains } from "./commands/domains.ts";
import { gettingStarted, sessions } from "./commands/getting-started.ts";
import { isolationSegments } from "./commands/isolation-segments.ts";
import { labels } from "./commands/labels.ts";
import { operatorsSettings } from "./commands/operators-settings.ts";
import { organizations } from "./commands/organizations.ts";
import { packages } from "./commands/packages.ts";
import { organizationQuotas, spaceQuotas } from "./commands/quotas.ts";
import { routePolicies } from "./commands/route-policies.ts";
import { routes } from "./commands/routes.ts";
import { securityGroups } from "./commands/security-groups.ts";
import { spaces } from "./commands/spaces.ts";
import { tasks } from "./commands/tasks.ts";
import { users } from "./commands/users.ts";
import { prepareWorld, type World } from "./world.ts";

// Every command of the catalogue twice: its requests as the client makes them, and the official client itself. The
// tests of this file share one world, so that only what stages has to stage; each makes what it changes.

const commands: readonly Command[] = [
  ...gettingStarted,
  ...apps,
  ...appStates,
  ...packages,
  ...appSettings,
  ...tasks,
  ...deployments,
  ...buildpacks,
  ...stacks,
  ...labels,
  ...domains,
  ...routes,
  ...routePolicies,
  ...organizations,
  ...spaces,
  ...users,
  ...organizationQuotas,
  ...spaceQuotas,
  ...isolationSegments,
  ...securityGroups,
  ...operatorsSettings,
  ...sessions,
];

let world: World;

before(async () => {
  world = await prepareWorld({ postgres: process.env["RIVERA_TEST_POSTGRES"] });
});

after(async () => {
  await world?.[Symbol.asyncDispose]();
});

test("every command of the catalogue is proved once", () => {
  const names = commands.map(({ name }) => name).toSorted();

  assert.deepEqual(names, catalogue.map(({ name }) => name).toSorted());
});

test("the official client is named", { skip: withoutOfficialClient }, async (t) => {
  const version = await officialClientVersion();

  t.diagnostic(`official client: ${version}`);
  assert.match(version, /version \S+/);
});

for (const { name, wire, client, more, incomparable } of commands) {
  let asked: readonly string[] | undefined;
  if (wire !== undefined) {
    test(`cf ${name}: as the client asks`, async () => {
      world.wire.takeAsked();
      await wire(world);
      asked = world.wire.takeAsked();
    });
  }
  test(`cf ${name}: the official client`, { skip: withoutOfficialClient }, async () => {
    world.takeAskedByClient();
    await client(world);
    const byClient = world.takeAskedByClient();
    await more?.(world);
    if (asked === undefined || incomparable !== undefined) return;
    assert.deepEqual(difference(asked, byClient), { onlyInSuite: [], onlyByClient: [] });
  });
}
