import assert from "node:assert/strict";
import { z } from "zod";
import type { Command } from "../command.ts";
import { organizationNamed, spaceNamed, to } from "../look-up.ts";
import * as reads from "../reads.ts";
import type { World } from "../world.ts";

const uaaUsers = z.object({ resources: z.array(z.object({ id: z.string(), origin: z.string() })) });
const uaaUser = z.object({ id: z.string(), origin: z.string() });

/** The client's question, as it writes it: spaces as plus signs. */
const uaaUsersNamed = ({ platform }: World, name: string, origin?: string) =>
  `${platform.addresses.uaa}/Users?filter=userName+eq+%22${name}%22` +
  (origin === undefined ? "" : `+and+origin+eq+%22${origin}%22`);

async function rolesOf({ api }: World, username: string): Promise<string[]> {
  const { json } = await api("GET", `/v3/roles?include=user&per_page=5000`);
  const user = json.included.users.find(
    (candidate: { username: string }) => candidate.username === username,
  );
  return json.resources
    .filter((role: z.infer<typeof reads.role>) => role.relationships.user.data?.guid === user?.guid)
    .map(({ type }: { type: string }) => type)
    .toSorted();
}

export const users: readonly Command[] = [
  {
    name: "create-user",
    async wire(world) {
      const { wire, platform } = world;
      const found = await wire.get(uaaUsers, uaaUsersNamed(world, "wire-user", "uaa"));
      assert.deepEqual(found.resources, []);
      const { id } = await wire.post(uaaUser, `${platform.addresses.uaa}/Users`, {
        userName: "wire-user",
        password: "secret-of-wire-user",
        origin: "",
        name: { familyName: "wire-user", givenName: "wire-user" },
        emails: [{ value: "wire-user", primary: true }],
      });
      const user = await wire.post(reads.user, "/v3/users", { guid: id });
      assert.deepEqual([user.guid, user.username], [id, "wire-user"]);
    },
    async client({ cf, the }) {
      const out = await cf("create-user", "cf-user", "secret-of-cf-user");
      assert.match(out, /Creating user cf-user\.\.\.\nOK\n\nTIP: Assign roles with/);
      assert.equal((await the("/v3/users?usernames=cf-user")).origin, "uaa");
    },
  },
  {
    name: "set-org-role",
    async wire(world) {
      const { wire } = world;
      const { guid } = await organizationNamed(wire, "conformance");
      const body = {
        type: "organization_manager",
        relationships: { user: { data: { username: "wire-user" } }, organization: to(guid) },
      };
      await wire.post(reads.role, "/v3/roles", body);
      await wire.refused("POST", "/v3/roles", {
        body,
        status: 422,
        detail:
          /^User 'wire-user' already has 'organization_manager' role in organization 'conformance'\.$/,
      });
    },
    async client(world) {
      assert.match(
        await world.cf("set-org-role", "cf-user", "conformance", "OrgManager"),
        /Assigning role OrgManager to user cf-user in org conformance as admin\.\.\.\nOK/,
      );
      assert.deepEqual(await rolesOf(world, "cf-user"), ["organization_manager"]);
    },
  },
  {
    name: "set-space-role",
    async wire({ wire }) {
      const organization = await organizationNamed(wire, "conformance");
      const space = await spaceNamed(wire, organization.guid, "dev");
      const user = { data: { username: "wire-user" } };
      await wire.post(reads.role, "/v3/roles", {
        type: "organization_user",
        relationships: { user, organization: to(organization.guid) },
      });
      await wire.post(reads.role, "/v3/roles", {
        type: "space_developer",
        relationships: { user, space: to(space.guid) },
      });
    },
    async client(world) {
      assert.match(
        await world.cf("set-space-role", "cf-user", "conformance", "dev", "SpaceDeveloper"),
        /Assigning role SpaceDeveloper to user cf-user in org conformance \/ space dev as admin\.\.\.\nOK/,
      );
      assert.deepEqual(await rolesOf(world, "cf-user"), [
        "organization_manager",
        "organization_user",
        "space_developer",
      ]);
    },
  },
  {
    name: "org-users",
    async wire({ wire }) {
      const { guid } = await organizationNamed(wire, "conformance");
      const page = z.object({
        resources: z.array(reads.role),
        included: z.object({ users: z.array(reads.user) }),
      });
      const { resources, included } = await wire.get(
        page,
        `/v3/roles?include=user&organization_guids=${guid}`,
      );
      const manager = resources.find(({ type }) => type === "organization_manager");
      const names = included.users.map(({ username }) => username);
      assert.ok(manager !== undefined && names.includes("wire-user"));
    },
    async client({ cf }) {
      assert.match(
        await cf("org-users", "conformance"),
        /Getting users in org conformance as admin\.\.\.\n\nORG MANAGER\n( {2}.+\n)* {2}cf-user \(uaa\)\n[^]*BILLING MANAGER\n {2}No BILLING MANAGER found/,
      );
    },
  },
  {
    name: "space-users",
    async wire({ wire }) {
      const organization = await organizationNamed(wire, "conformance");
      const { guid } = await spaceNamed(wire, organization.guid, "dev");
      const roles = await wire.list(reads.role, `/v3/roles?include=user&space_guids=${guid}`);
      assert.ok(roles.some(({ type }) => type === "space_developer"));
    },
    async client({ cf }) {
      assert.match(
        await cf("space-users", "conformance", "dev"),
        /Getting users in org conformance \/ space dev as admin\.\.\.\n\nSPACE MANAGER\n[^]*SPACE DEVELOPER\n( {2}.+\n)* {2}cf-user \(uaa\)\n/,
      );
    },
  },
  {
    name: "unset-space-role",
    async wire({ wire }) {
      const organization = await organizationNamed(wire, "conformance");
      const space = await spaceNamed(wire, organization.guid, "dev");
      const user = await wire.one(reads.user, "/v3/users?usernames=wire-user");
      const role = await wire.one(
        reads.role,
        `/v3/roles?page=1&per_page=1&space_guids=${space.guid}&types=space_developer&user_guids=${user.guid}`,
      );
      await wire.done("DELETE", `/v3/roles/${role.guid}`);
    },
    async client(world) {
      assert.match(
        await world.cf("unset-space-role", "cf-user", "conformance", "dev", "SpaceDeveloper"),
        /Removing role SpaceDeveloper from user cf-user in org conformance \/ space dev as admin\.\.\.\nOK/,
      );
      assert.ok(!(await rolesOf(world, "cf-user")).includes("space_developer"));
    },
  },
  {
    name: "unset-org-role",
    async wire({ wire }) {
      const { guid } = await organizationNamed(wire, "conformance");
      const user = await wire.one(reads.user, "/v3/users?usernames=wire-user");
      const role = await wire.one(
        reads.role,
        `/v3/roles?page=1&per_page=1&organization_guids=${guid}&types=organization_manager&user_guids=${user.guid}`,
      );
      await wire.done("DELETE", `/v3/roles/${role.guid}`);
    },
    async client(world) {
      assert.match(
        await world.cf("unset-org-role", "cf-user", "conformance", "OrgManager"),
        /Removing role OrgManager from user cf-user in org conformance as admin\.\.\.\nOK/,
      );
      assert.deepEqual(await rolesOf(world, "cf-user"), ["organization_user"]);
    },
  },
  {
    name: "delete-user",
    async wire(world) {
      const { wire, platform } = world;
      const found = await wire.get(uaaUsers, uaaUsersNamed(world, "wire-user"));
      assert.equal(found.resources.length, 1);
      const { id } = found.resources[0] ?? { id: "" };
      await wire.done("DELETE", `/v3/users/${id}`);
      await wire.read(uaaUser, "DELETE", `${platform.addresses.uaa}/Users/${id}`);
    },
    async client({ cf, count, api, platform }) {
      assert.match(
        await cf("delete-user", "cf-user", "-f"),
        /Deleting user cf-user as admin\.\.\.\nOK/,
      );
      assert.equal(await count("/v3/users?usernames=cf-user"), 0);
      const left = await fetch(`${platform.addresses.uaa}/Users?filter=userName+eq+"cf-user"`, {
        headers: { authorization: `bearer ${api.token}` },
      });
      assert.equal(((await left.json()) as { totalResults: number }).totalResults, 0);
    },
  },
];
