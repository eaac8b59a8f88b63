import assert from "node:assert/strict";
import type { Command } from "../command.ts";
import { named, organizationNamed, spaceNamed } from "../look-up.ts";
import * as reads from "../reads.ts";
import type { Wire } from "../wire.ts";
import type { World } from "../world.ts";

const group = (wire: Wire, name: string) =>
  named(wire, reads.securityGroup, "security_groups", name);

const rules = [{ protocol: "tcp", destination: "10.0.11.0/24", ports: "80,443" }];
const otherRules = [{ protocol: "udp", destination: "10.0.12.0/24", ports: "53" }];

function rulesFile({ source }: World, content: unknown): string {
  source.write("rules.json", JSON.stringify(content));
  return `${source.path}/rules.json`;
}

const globally = (
  verb: "bind" | "unbind",
  lifecycle: "running" | "staging",
  said: RegExp,
): Command => ({
  name: `${verb}-${lifecycle}-security-group`,
  async wire({ wire }) {
    const { guid } = await group(wire, "wire-group");
    const enabled = verb === "bind";
    const changed = await wire.patch(reads.securityGroup, `/v3/security_groups/${guid}`, {
      globally_enabled: { [lifecycle]: enabled },
    });
    assert.equal(changed.globally_enabled[lifecycle], enabled);
  },
  async client({ cf, the }) {
    assert.match(await cf(`${verb}-${lifecycle}-security-group`, "cf-group"), said);
    const { globally_enabled } = await the("/v3/security_groups?names=cf-group");
    assert.equal(globally_enabled[lifecycle], verb === "bind");
  },
});

const listed = (lifecycle: "running" | "staging"): Command => ({
  name: `${lifecycle}-security-groups`,
  async wire({ wire }) {
    const all = await wire.list(
      reads.securityGroup,
      `/v3/security_groups?globally_enabled_${lifecycle}=true`,
    );
    assert.ok(all.some(({ name }) => name === "wire-group"));
  },
  async client({ cf }) {
    assert.match(
      await cf(`${lifecycle}-security-groups`),
      new RegExp(
        `Getting global ${lifecycle} security groups as admin\\.\\.\\.\\n\\nname\\n(.+\\n)*cf-group\\n`,
      ),
    );
  },
});

const bindCommands: readonly Command[] = [
  {
    name: "bind-security-group",
    async wire({ wire, the }) {
      const { guid } = await group(wire, "wire-group");
      const organization = await organizationNamed(wire, "conformance");
      const space = await spaceNamed(wire, organization.guid, "dev");
      await wire.post(
        reads.relationships,
        `/v3/security_groups/${guid}/relationships/running_spaces`,
        { data: [{ guid: space.guid }] },
      );
      const { relationships } = await the("/v3/security_groups?names=wire-group");
      assert.deepEqual(relationships.running_spaces.data, [{ guid: space.guid }]);
    },
    async client({ cf, the, space }) {
      assert.match(
        await cf("bind-security-group", "cf-group", "conformance", "--space", "dev"),
        /Assigning running security group cf-group to space dev in org conformance as admin\.\.\.\nOK/,
      );
      const { relationships } = await the("/v3/security_groups?names=cf-group");
      assert.deepEqual(relationships.running_spaces.data, [{ guid: space.guid }]);
    },
  },
  {
    name: "security-group",
    async wire({ wire }) {
      const { relationships } = await group(wire, "wire-group");
      const spaces = relationships.running_spaces.data.map(({ guid }) => guid).join(",");
      await wire.list(reads.space, `/v3/spaces?guids=${spaces}&include=organization`);
    },
    async client({ cf, cfFails }) {
      const out = await cf("security-group", "cf-group");
      assert.match(
        out,
        /Getting info for security group cf-group as admin\.\.\.\n\nname:\s+cf-group/,
      );
      assert.match(out, /"destination": "10\.0\.11\.0\/24"/);
      assert.match(out, /organization\s+space\nconformance\s+dev\n/);
      assert.match(await cfFails("security-group", "nope"), /Security group 'nope' not found\./);
    },
  },
  {
    name: "security-groups",
    async wire({ wire }) {
      const all = await wire.list(reads.securityGroup, "/v3/security_groups");
      const spaces = all.flatMap(({ relationships }) => relationships.running_spaces.data);
      assert.ok(spaces.length > 0);
      await wire.list(
        reads.space,
        `/v3/spaces?guids=${spaces.map(({ guid }) => guid).join(",")}&include=organization`,
      );
    },
    async client({ cf }) {
      assert.match(
        await cf("security-groups"),
        /name\s+organization\s+space\s+lifecycle\n[^]*cf-group\s+conformance\s+dev\s+running\n/,
      );
    },
  },
  {
    name: "unbind-security-group",
    async wire({ wire, the }) {
      const { guid } = await group(wire, "wire-group");
      const organization = await organizationNamed(wire, "conformance");
      const space = await spaceNamed(wire, organization.guid, "dev");
      await wire.send(
        "DELETE",
        `/v3/security_groups/${guid}/relationships/running_spaces/${space.guid}`,
      );
      const { relationships } = await the("/v3/security_groups?names=wire-group");
      assert.deepEqual(relationships.running_spaces.data, []);
    },
    async client({ cf, the }) {
      assert.match(
        await cf("unbind-security-group", "cf-group", "conformance", "dev"),
        /Unbinding running security group cf-group from org conformance \/ space dev as admin\.\.\.\nOK/,
      );
      const { relationships } = await the("/v3/security_groups?names=cf-group");
      assert.deepEqual(relationships.running_spaces.data, []);
    },
  },
];

export const securityGroups: readonly Command[] = [
  {
    name: "create-security-group",
    async wire({ wire }) {
      const body = { name: "wire-group", rules };
      const made = await wire.post(reads.securityGroup, "/v3/security_groups", body);
      assert.deepEqual(made.globally_enabled, { running: false, staging: false });
      await wire.refused("POST", "/v3/security_groups", {
        body,
        status: 422,
        detail: /^Security group with name 'wire-group' already exists\.$/,
      });
    },
    async client(world) {
      const file = rulesFile(world, rules);
      assert.match(
        await world.cf("create-security-group", "cf-group", file),
        /Creating security group cf-group as admin\.\.\.\n\nOK/,
      );
      const made = await world.the("/v3/security_groups?names=cf-group");
      assert.deepEqual(made.rules, rules);
    },
    async more(world) {
      const stderr = /^Security group with name 'cf-group' already exists\.\n$/;
      const args = ["create-security-group", "cf-group", rulesFile(world, rules)];
      assert.match(await world.cfWith({ stderr }, ...args), /OK/);
    },
  },
  ...bindCommands,
  globally(
    "bind",
    "running",
    /Binding security group cf-group to running as admin\.\.\.\nOK\n\nTIP: /,
  ),
  listed("running"),
  globally(
    "unbind",
    "running",
    /Unbinding security group cf-group from defaults for running as admin\.\.\.\nOK/,
  ),
  globally("bind", "staging", /Binding security group cf-group to staging as admin\.\.\.\nOK/),
  listed("staging"),
  globally(
    "unbind",
    "staging",
    /Unbinding security group cf-group from defaults for staging as admin\.\.\.\nOK/,
  ),
  {
    name: "update-security-group",
    async wire({ wire }) {
      const { guid } = await group(wire, "wire-group");
      const changed = await wire.patch(reads.securityGroup, `/v3/security_groups/${guid}`, {
        rules: otherRules,
      });
      assert.equal(changed.rules[0]?.protocol, "udp");
    },
    async client(world) {
      assert.match(
        await world.cf("update-security-group", "cf-group", rulesFile(world, otherRules)),
        /Updating security group cf-group as admin\.\.\.\n\nOK/,
      );
      const { rules: now } = await world.the("/v3/security_groups?names=cf-group");
      assert.deepEqual(now, otherRules);
    },
  },
  {
    name: "delete-security-group",
    async wire({ wire, count }) {
      const { guid } = await group(wire, "wire-group");
      await wire.done("DELETE", `/v3/security_groups/${guid}`);
      assert.equal(await count("/v3/security_groups?names=wire-group"), 0);
    },
    async client({ cf, count }) {
      assert.match(
        await cf("delete-security-group", "cf-group", "-f"),
        /Deleting security group cf-group as admin\.\.\.\nOK/,
      );
      assert.equal(await count("/v3/security_groups?names=cf-group"), 0);
    },
  },
];
