import assert from "node:assert/strict";
import type { Command } from "../command.ts";
import { domainNamed, named, organizationNamed, spaceNamed, to } from "../look-up.ts";
import * as reads from "../reads.ts";

const orgQuota = (wire: Parameters<typeof named>[0], name: string) =>
  named(wire, reads.quota, "organization_quotas", name);

/** What the client sends for `-m 2G -i 512M -r 10 -a 20`: what it leaves out is unlimited. */
const limits = {
  apps: {
    total_memory_in_mb: 2048,
    per_process_memory_in_mb: 512,
    total_instances: 20,
  },
  services: { total_service_instances: 0, paid_services_allowed: false },
  routes: { total_routes: 10, total_reserved_ports: 0 },
};
const flags = ["-m", "2G", "-i", "512M", "-r", "10", "-a", "20"];
const table =
  /total memory:\s+4G\ninstance memory:\s+512M\nroutes:\s+10\n[^]*app instances:\s+20\n/;

/** What `-m 4G` sends: only what changes, and the name. */
const grown = { name: "wire-quota", apps: { total_memory_in_mb: 4096 }, services: {}, routes: {} };

export const organizationQuotas: readonly Command[] = [
  {
    name: "create-org-quota",
    async wire({ wire }) {
      const body = { name: "wire-quota", ...limits };
      const made = await wire.post(reads.quota, "/v3/organization_quotas", body);
      assert.deepEqual(made.apps, { ...limits.apps, log_rate_limit_in_bytes_per_second: null });
      await wire.refused("POST", "/v3/organization_quotas", {
        body,
        status: 422,
        detail: /^Organization Quota 'wire-quota' already exists\.$/,
      });
    },
    async client({ cf, the }) {
      assert.match(
        await cf("create-org-quota", "cf-quota", ...flags),
        /Creating org quota cf-quota as admin\.\.\.\nOK/,
      );
      const { apps, routes } = await the("/v3/organization_quotas?names=cf-quota");
      assert.equal(apps.total_memory_in_mb, 2048);
      assert.equal(routes.total_routes, 10);
    },
    async more({ cfWith }) {
      const stderr = /^Organization Quota 'cf-quota' already exists\.\n$/;
      assert.match(await cfWith({ stderr }, "create-org-quota", "cf-quota"), /OK/);
    },
  },
  {
    name: "update-org-quota",
    async wire({ wire }) {
      const { guid } = await orgQuota(wire, "wire-quota");
      const changed = await wire.patch(reads.quota, `/v3/organization_quotas/${guid}`, grown);
      assert.equal(changed.apps.total_memory_in_mb, 4096);
      assert.equal(changed.apps.per_process_memory_in_mb, 512);
    },
    async client({ cf, the }) {
      assert.match(
        await cf("update-org-quota", "cf-quota", "-m", "4G"),
        /Updating org quota cf-quota as admin\.\.\.\nOK/,
      );
      const { apps } = await the("/v3/organization_quotas?names=cf-quota");
      assert.deepEqual([apps.total_memory_in_mb, apps.total_instances], [4096, 20]);
    },
  },
  {
    name: "org-quotas",
    async wire({ wire }) {
      const all = await wire.list(reads.quota, "/v3/organization_quotas");
      assert.ok(all.some(({ name }) => name === "default"));
    },
    async client({ cf }) {
      assert.match(
        await cf("org-quotas"),
        /Getting org quotas as admin\.\.\.\n\nname\s+total memory[^]*\ncf-quota\s+4G\s+512M\s+10\s+0\s+disallowed\s+20\s+0\s+unlimited/,
      );
    },
  },
  {
    name: "org-quota",
    async wire({ wire }) {
      assert.equal((await orgQuota(wire, "wire-quota")).name, "wire-quota");
    },
    async client({ cf, cfFails }) {
      assert.match(await cf("org-quota", "cf-quota"), table);
      assert.match(
        await cfFails("org-quota", "nope"),
        /Organization quota with name 'nope' not found\./,
      );
    },
  },
  {
    name: "set-org-quota",
    async wire({ wire, the }) {
      const organization = await organizationNamed(wire, "conformance");
      const { guid } = await orgQuota(wire, "wire-quota");
      await wire.post(
        reads.relationships,
        `/v3/organization_quotas/${guid}/relationships/organizations`,
        { data: [{ guid: organization.guid }] },
      );
      const { relationships } = await the("/v3/organizations?names=conformance");
      assert.equal(relationships.quota.data.guid, guid);
    },
    async client({ cf, the, api, organization }) {
      assert.match(
        await cf("set-org-quota", "conformance", "cf-quota"),
        /Setting quota cf-quota to org conformance as admin\.\.\.\nOK/,
      );
      const { guid } = await the("/v3/organization_quotas?names=cf-quota");
      const { json } = await api("GET", `/v3/organizations/${organization.guid}`);
      assert.equal(json.relationships.quota.data.guid, guid);
    },
  },
  {
    name: "delete-org-quota",
    async wire({ wire, the, api, organization }) {
      // A quota in use is kept: the organization takes the default one again.
      const standard = await the("/v3/organization_quotas?names=default");
      await api("POST", `/v3/organization_quotas/${standard.guid}/relationships/organizations`, {
        data: [{ guid: organization.guid }],
      });
      const { guid } = await orgQuota(wire, "wire-quota");
      await wire.done("DELETE", `/v3/organization_quotas/${guid}`);
      await wire.refused("GET", `/v3/organization_quotas/${guid}`, {
        status: 404,
        detail: /^Organization quota not found$/,
      });
    },
    async client({ cf, count, the, api, organization }) {
      const standard = await the("/v3/organization_quotas?names=default");
      await api("POST", `/v3/organization_quotas/${standard.guid}/relationships/organizations`, {
        data: [{ guid: organization.guid }],
      });
      assert.match(
        await cf("delete-org-quota", "cf-quota", "-f"),
        /Deleting org quota cf-quota as admin\.\.\.\nOK/,
      );
      assert.equal(await count("/v3/organization_quotas?names=cf-quota"), 0);
    },
  },
  {
    name: "share-private-domain",
    async wire({ wire, api, organization }) {
      const made = await api("POST", "/v3/domains", {
        name: "wire-private.example.com",
        relationships: { organization: to(organization.guid) },
      });
      await api("POST", "/v3/organizations", { name: "partner" });
      const domain = await domainNamed(wire, "wire-private.example.com");
      const partner = await organizationNamed(wire, "partner");
      await wire.send("POST", `/v3/domains/${domain.guid}/relationships/shared_organizations`, {
        body: { data: [{ guid: partner.guid }] },
      });
      const { json } = await api("GET", `/v3/domains/${made.json.guid}`);
      assert.deepEqual(json.relationships.shared_organizations.data, [{ guid: partner.guid }]);
    },
    async client({ cf, the, api, organization }) {
      await api("POST", "/v3/domains", {
        name: "cf-private.example.com",
        relationships: { organization: to(organization.guid) },
      });
      assert.match(
        await cf("share-private-domain", "partner", "cf-private.example.com"),
        /Sharing domain cf-private\.example\.com with org partner as admin\.\.\.\nOK/,
      );
      const { relationships } = await the("/v3/domains?names=cf-private.example.com");
      assert.equal(relationships.shared_organizations.data.length, 1);
    },
  },
  {
    name: "unshare-private-domain",
    async wire({ wire, the }) {
      const domain = await domainNamed(wire, "wire-private.example.com");
      const { guid } = await organizationNamed(wire, "partner");
      await wire.send(
        "DELETE",
        `/v3/domains/${domain.guid}/relationships/shared_organizations/${guid}`,
      );
      const { relationships } = await the("/v3/domains?names=wire-private.example.com");
      assert.deepEqual(relationships.shared_organizations.data, []);
    },
    async client({ cfWith, the }) {
      assert.match(
        await cfWith(
          { input: "y\n" },
          "unshare-private-domain",
          "partner",
          "cf-private.example.com",
        ),
        /Unsharing domain cf-private\.example\.com from org partner as admin\.\.\.\nOK/,
      );
      const { relationships } = await the("/v3/domains?names=cf-private.example.com");
      assert.deepEqual(relationships.shared_organizations.data, []);
    },
  },
];

const quotaInOrganization = (organization: string, name: string) =>
  `/v3/space_quotas?names=${name}&organization_guids=${organization}&page=1&per_page=1`;

export const spaceQuotas: readonly Command[] = [
  {
    name: "create-space-quota",
    async wire({ wire, organization }) {
      const body = {
        name: "wire-quota",
        ...limits,
        relationships: { organization: to(organization.guid) },
      };
      const made = await wire.post(reads.quota, "/v3/space_quotas", body);
      assert.deepEqual(made.apps, { ...limits.apps, log_rate_limit_in_bytes_per_second: null });
      await wire.refused("POST", "/v3/space_quotas", {
        body,
        status: 422,
        detail: /^Space Quota 'wire-quota' already exists\.$/,
      });
    },
    async client({ cf, the }) {
      assert.match(
        await cf("create-space-quota", "cf-quota", ...flags),
        /Creating space quota cf-quota for org conformance as admin\.\.\.\nOK/,
      );
      assert.equal((await the("/v3/space_quotas?names=cf-quota")).apps.total_instances, 20);
    },
  },
  {
    name: "update-space-quota",
    async wire({ wire, organization }) {
      const { guid } = await wire.one(
        reads.quota,
        quotaInOrganization(organization.guid, "wire-quota"),
      );
      const changed = await wire.patch(reads.quota, `/v3/space_quotas/${guid}`, grown);
      assert.equal(changed.apps.total_memory_in_mb, 4096);
    },
    async client({ cf, the }) {
      assert.match(
        await cf("update-space-quota", "cf-quota", "-m", "4G"),
        /Updating space quota cf-quota for org conformance as admin\.\.\.\nOK/,
      );
      assert.equal((await the("/v3/space_quotas?names=cf-quota")).apps.total_memory_in_mb, 4096);
    },
  },
  {
    name: "space-quotas",
    async wire({ wire, organization }) {
      const all = await wire.list(
        reads.quota,
        `/v3/space_quotas?organization_guids=${organization.guid}`,
      );
      assert.ok(all.some(({ name }) => name === "wire-quota"));
    },
    async client({ cf }) {
      assert.match(
        await cf("space-quotas"),
        /Getting space quotas for org conformance as admin\.\.\.\n\nname\s+total memory[^]*\ncf-quota\s+4G\s+512M/,
      );
    },
  },
  {
    name: "space-quota",
    async wire({ wire, organization }) {
      await wire.one(reads.quota, quotaInOrganization(organization.guid, "wire-quota"));
    },
    async client({ cf, cfFails }) {
      assert.match(await cf("space-quota", "cf-quota"), table);
      assert.match(
        await cfFails("space-quota", "nope"),
        /Space quota with name 'nope' not found\./,
      );
    },
  },
  {
    name: "set-space-quota",
    async wire({ wire, organization, the }) {
      const space = await spaceNamed(wire, organization.guid, "other");
      const { guid } = await wire.one(
        reads.quota,
        quotaInOrganization(organization.guid, "wire-quota"),
      );
      await wire.post(reads.relationships, `/v3/space_quotas/${guid}/relationships/spaces`, {
        data: [{ guid: space.guid }],
      });
      const { relationships } = await the(`/v3/spaces?guids=${space.guid}`);
      assert.equal(relationships.quota.data.guid, guid);
    },
    async client({ cf, the }) {
      assert.match(
        await cf("set-space-quota", "other", "cf-quota"),
        /Setting space quota cf-quota to space other as admin\.\.\.\nOK/,
      );
      const { relationships } = await the("/v3/space_quotas?names=cf-quota");
      assert.equal(relationships.spaces.data.length, 1);
    },
  },
  {
    name: "unset-space-quota",
    async wire({ wire, organization, the, api }) {
      const space = await spaceNamed(wire, organization.guid, "other");
      const { guid } = await wire.one(
        reads.quota,
        quotaInOrganization(organization.guid, "wire-quota"),
      );
      const path = `/v3/space_quotas/${guid}/relationships/spaces`;
      await api("POST", path, { data: [{ guid: space.guid }] });
      await wire.send("DELETE", `${path}/${space.guid}`);
      const { relationships } = await the(`/v3/spaces?guids=${space.guid}`);
      assert.equal(relationships.quota.data, null);
    },
    async client({ cf, the, api, otherSpace }) {
      const { guid } = await the("/v3/space_quotas?names=cf-quota");
      await api("POST", `/v3/space_quotas/${guid}/relationships/spaces`, {
        data: [{ guid: otherSpace.guid }],
      });
      assert.match(
        await cf("unset-space-quota", "other", "cf-quota"),
        /Unassigning space quota cf-quota from space other as admin\.\.\.\nOK/,
      );
      const { relationships } = await the("/v3/space_quotas?names=cf-quota");
      assert.deepEqual(relationships.spaces.data, []);
    },
  },
  {
    name: "delete-space-quota",
    async wire({ wire, organization, count }) {
      const { guid } = await wire.one(
        reads.quota,
        quotaInOrganization(organization.guid, "wire-quota"),
      );
      await wire.done("DELETE", `/v3/space_quotas/${guid}`);
      assert.equal(await count("/v3/space_quotas?names=wire-quota"), 0);
    },
    async client({ cf, count }) {
      assert.match(
        await cf("delete-space-quota", "cf-quota", "-f"),
        /Deleting space quota cf-quota for org conformance as admin\.\.\.\nOK/,
      );
      assert.equal(await count("/v3/space_quotas?names=cf-quota"), 0);
    },
  },
];
