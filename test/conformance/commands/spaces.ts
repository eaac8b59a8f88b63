import assert from "node:assert/strict";
import { z } from "zod";
import type { Command } from "../command.ts";
import { organizationNamed, spaceNamed, to } from "../look-up.ts";
import * as reads from "../reads.ts";
import type { World } from "../world.ts";

const inOrganization = ({ organization }: World, name: string) =>
  `/v3/spaces?names=${name}&organization_guids=${organization.guid}`;

const sshCommand = (name: string, enabled: boolean, said: RegExp): Command => ({
  name,
  async wire({ wire, organization }) {
    const { guid } = await spaceNamed(wire, organization.guid, "other");
    const path = `/v3/spaces/${guid}/features/ssh`;
    await wire.get(reads.feature, path);
    await wire.patch(reads.feature, path, { enabled });
    assert.equal((await wire.get(reads.feature, path)).enabled, enabled);
  },
  async client({ cf, api, otherSpace }) {
    await api("PATCH", `/v3/spaces/${otherSpace.guid}/features/ssh`, { enabled: !enabled });
    assert.match(await cf(name, "other"), said);
    const { json } = await api("GET", `/v3/spaces/${otherSpace.guid}/features/ssh`);
    assert.deepEqual(json, { name: "ssh", enabled, description: json.description });
  },
});

export const spaces: readonly Command[] = [
  {
    name: "create-space",
    async wire({ wire, organization }) {
      const { guid } = await wire.post(reads.space, "/v3/spaces", {
        name: "wire-space",
        relationships: { organization: to(organization.guid) },
      });
      const user = { data: { username: "admin", origin: "uaa" } };
      for (const type of ["space_manager", "space_developer"]) {
        // The client asks for membership first, and takes it for granted when that exists.
        await wire.ask("POST", "/v3/roles", {
          body: {
            type: "organization_user",
            relationships: { user, organization: to(organization.guid) },
          },
        });
        await wire.post(reads.role, "/v3/roles", {
          type,
          relationships: { user, space: to(guid) },
        });
      }
      await wire.refused("POST", "/v3/spaces", {
        body: { name: "wire-space", relationships: { organization: to(organization.guid) } },
        status: 422,
        detail: /Name must be unique per organization/,
      });
    },
    async client(world) {
      const out = await world.cf("create-space", "cf-space");
      assert.match(out, /Creating space cf-space in org conformance as admin\.\.\.\nOK/);
      assert.match(out, /Assigning role SpaceDeveloper to user admin [^]*OK/);
      const { guid } = await world.the(inOrganization(world, "cf-space"));
      const path = `/v3/roles?space_guids=${guid}`;
      const roles = (await world.api("GET", path)).json.resources as { type: string }[];
      assert.deepEqual(roles.map(({ type }) => type).toSorted(), [
        "space_developer",
        "space_manager",
      ]);
    },
  },
  {
    name: "spaces",
    async wire({ wire, organization: { guid } }) {
      const all = await wire.list(
        reads.space,
        `/v3/spaces?organization_guids=${guid}&order_by=name`,
      );
      const names = all.map(({ name }) => name);
      assert.ok(names.includes("dev") && names.includes("other"));
      assert.deepEqual(names, names.toSorted());
    },
    async client({ cf }) {
      assert.match(
        await cf("spaces"),
        /Getting spaces in org conformance as admin\.\.\.\n\nname\n(.+\n)*dev\nother\n/,
      );
    },
  },
  {
    name: "space",
    async wire({ wire, organization, space: { guid } }) {
      await spaceNamed(wire, organization.guid, "dev");
      await wire.get(reads.organization, `/v3/organizations/${organization.guid}`);
      await wire.list(reads.app, `/v3/apps?space_guids=${guid}`);
      await wire.list(z.object({}), `/v3/service_instances?space_guids=${guid}`);
      await wire.get(reads.relationship, `/v3/spaces/${guid}/relationships/isolation_segment`);
      await wire.get(
        reads.relationship,
        `/v3/organizations/${organization.guid}/relationships/default_isolation_segment`,
      );
      await wire.list(reads.securityGroup, `/v3/spaces/${guid}/running_security_groups`);
      await wire.list(reads.securityGroup, `/v3/spaces/${guid}/staging_security_groups`);
    },
    async client({ cf, cfFails }) {
      const out = await cf("space", "dev");
      assert.match(out, /name:\s+dev\norg:\s+conformance\napps:\s+(.+, )?demo/);
      assert.match(out, /running security groups:[^]*staging security groups:/);
      assert.match(await cfFails("space", "nope"), /Space 'nope' not found\./);
    },
  },
  {
    name: "rename-space",
    async wire({ wire, organization }) {
      const { guid } = await spaceNamed(wire, organization.guid, "wire-space");
      const renamed = await wire.patch(reads.space, `/v3/spaces/${guid}`, { name: "wire-space-2" });
      assert.equal(renamed.name, "wire-space-2");
    },
    async client(world) {
      assert.match(
        await world.cf("rename-space", "cf-space", "cf-space-2"),
        /Renaming space cf-space to cf-space-2 as admin\.\.\.\nOK/,
      );
      assert.equal(await world.count(inOrganization(world, "cf-space-2")), 1);
    },
  },
  {
    name: "delete-space",
    async wire({ wire }) {
      const organization = await organizationNamed(wire, "conformance");
      const { guid } = await spaceNamed(wire, organization.guid, "wire-space-2");
      await wire.done("DELETE", `/v3/spaces/${guid}`);
      await wire.refused("GET", `/v3/spaces/${guid}`, {
        status: 404,
        detail: /^Space not found$/,
      });
    },
    async client(world) {
      assert.match(
        await world.cf("delete-space", "cf-space-2", "-f"),
        /Deleting space cf-space-2 in org conformance as admin\.\.\.\nOK/,
      );
      assert.equal(await world.count(inOrganization(world, "cf-space-2")), 0);
    },
  },
  sshCommand("allow-space-ssh", true, /Enabling ssh support for space other as admin\.\.\.\nOK/),
  sshCommand(
    "disallow-space-ssh",
    false,
    /Disabling ssh support for space other as admin\.\.\.\nOK/,
  ),
  {
    name: "space-ssh-allowed",
    async wire({ wire, organization }) {
      const { guid } = await spaceNamed(wire, organization.guid, "other");
      const { enabled } = await wire.get(reads.feature, `/v3/spaces/${guid}/features/ssh`);
      assert.equal(enabled, false);
    },
    async client({ cf }) {
      assert.match(
        await cf("space-ssh-allowed", "other"),
        /ssh support is disabled in space 'other'\./,
      );
    },
  },
  {
    name: "apply-manifest",
    async wire({ wire, the, space: { guid } }) {
      const ask = {
        body: "applications:\n- name: wire-applied\n  memory: 32M\n  no-route: true\n",
        contentType: "application/x-yaml",
      };
      const { diff } = await wire.read(
        z.object({ diff: z.array(z.object({ op: z.string(), path: z.string() })) }),
        "POST",
        `/v3/spaces/${guid}/manifest_diff`,
        ask,
      );
      assert.ok(diff.some(({ op }) => op === "add"));
      await wire.done("POST", `/v3/spaces/${guid}/actions/apply_manifest`, ask);
      assert.equal((await the("/v3/apps?names=wire-applied")).state, "STOPPED");
    },
    async client(world) {
      world.source.write(
        "apply.yml",
        "applications:\n- name: cf-applied\n  memory: 32M\n  no-route: true\n",
      );
      const out = await world.cf("apply-manifest", "-f", `${world.source.path}/apply.yml`);
      assert.match(out, /Applying manifest .*apply\.yml in org conformance \/ space dev as admin/);
      assert.match(out, /\+ {3}memory: 32M/);
      assert.match(out, /OK/);
      const { guid } = await world.the(`/v3/apps?names=cf-applied&space_guids=${world.space.guid}`);
      assert.equal((await world.the(`/v3/apps/${guid}/processes`)).memory_in_mb, 32);
    },
  },
];
