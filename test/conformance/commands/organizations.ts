import assert from "node:assert/strict";
import type { Command } from "../command.ts";
import * as reads from "../reads.ts";

const byName = (name: string) => `/v3/organizations?names=${name}&page=1&per_page=1`;

export const organizations: readonly Command[] = [
  {
    name: "create-org",
    async wire({ wire }) {
      const made = await wire.post(reads.organization, "/v3/organizations", {
        name: "wire-org",
        suspended: false,
      });
      assert.equal(made.name, "wire-org");
      await wire.refused("POST", "/v3/organizations", {
        body: { name: "wire-org", suspended: false },
        status: 422,
        detail: /^Organization 'wire-org' already exists\.$/,
      });
    },
    async client({ cf, the }) {
      assert.match(await cf("create-org", "cf-org"), /Creating org cf-org as admin\.\.\.\nOK/);
      assert.equal((await the("/v3/organizations?names=cf-org")).suspended, false);
    },
    async more({ cf }) {
      assert.match(await cf("create-org", "cf-org"), /Organization 'cf-org' already exists\.\nOK/);
    },
  },
  {
    name: "orgs",
    async wire({ wire }) {
      const all = await wire.list(reads.organization, "/v3/organizations?order_by=name");
      const names = all.map(({ name }) => name);
      assert.ok(names.includes("conformance"));
      assert.deepEqual(names, names.toSorted());
    },
    async client({ cf }) {
      assert.match(await cf("orgs"), /Getting orgs as admin\.\.\.\n\nname\n(.+\n)*conformance\n/);
    },
  },
  {
    name: "org",
    async wire({ wire, organization: { guid } }) {
      const found = await wire.one(reads.organization, byName("conformance"));
      assert.equal(found.guid, guid);
      const domains = await wire.list(reads.domain, `/v3/organizations/${guid}/domains`);
      assert.ok(domains.some(({ name }) => name === "apps.localhost"));
      const quota = found.relationships.quota.data?.guid ?? "";
      await wire.get(reads.quota, `/v3/organization_quotas/${quota}`);
      await wire.list(reads.space, `/v3/spaces?order_by=name&organization_guids=${guid}`);
      const relation = `/v3/organizations/${guid}/relationships/default_isolation_segment`;
      await wire.get(reads.relationship, relation);
      await wire.list(reads.isolationSegment, `/v3/isolation_segments?organization_guids=${guid}`);
    },
    async client({ cf, cfFails }) {
      const out = await cf("org", "conformance");
      assert.match(out, /name:\s+conformance\n/);
      assert.match(out, /domains:\s+apps\.localhost/);
      assert.match(out, /quota:\s+default\n/);
      assert.match(out, /spaces:\s+dev, other/);
      assert.match(await cfFails("org", "nope"), /FAILED\n[^]*Organization 'nope' not found\./);
    },
  },
  {
    name: "rename-org",
    async wire({ wire }) {
      const { guid } = await wire.one(reads.organization, byName("wire-org"));
      const renamed = await wire.patch(reads.organization, `/v3/organizations/${guid}`, {
        name: "wire-org-2",
        metadata: {},
        suspended: false,
      });
      assert.equal(renamed.name, "wire-org-2");
    },
    async client({ cf, count }) {
      assert.match(
        await cf("rename-org", "cf-org", "cf-org-2"),
        /Renaming org cf-org to cf-org-2 as admin\.\.\.\nOK/,
      );
      assert.equal(await count("/v3/organizations?names=cf-org"), 0);
      assert.equal(await count("/v3/organizations?names=cf-org-2"), 1);
    },
  },
  {
    name: "delete-org",
    async wire({ wire }) {
      const { guid } = await wire.one(reads.organization, byName("wire-org-2"));
      await wire.done("DELETE", `/v3/organizations/${guid}`);
      assert.equal((await wire.list(reads.organization, byName("wire-org-2"))).length, 0);
    },
    async client({ cf, count }) {
      assert.match(
        await cf("delete-org", "cf-org-2", "-f"),
        /Deleting org cf-org-2 as admin\.\.\.[^]*OK/,
      );
      assert.equal(await count("/v3/organizations?names=cf-org-2"), 0);
    },
    async more({ cfWith }) {
      const stderr = /^Org 'cf-org-2' does not exist\.\n$/;
      assert.match(await cfWith({ stderr }, "delete-org", "cf-org-2", "-f"), /OK/);
    },
  },
];
