import assert from "node:assert/strict";
import { z } from "zod";
import type { Command } from "../command.ts";
import { domainNamed, organizationNamed, to } from "../look-up.ts";
import * as reads from "../reads.ts";

export const domains: readonly Command[] = [
  {
    name: "create-private-domain",
    async wire({ wire }) {
      const { guid } = await organizationNamed(wire, "conformance");
      const made = await wire.post(reads.domain, "/v3/domains", {
        name: "wire-own.example.com",
        relationships: { organization: to(guid) },
      });
      assert.deepEqual(made.supported_protocols, ["http"]);
    },
    async client({ cf, the, organization }) {
      assert.match(
        await cf("create-private-domain", "conformance", "cf-own.example.com"),
        /Creating private domain cf-own\.example\.com for org conformance as admin\.\.\.\nOK\n\nTIP: Domain 'cf-own\.example\.com' is a private domain\./,
      );
      const { relationships } = await the("/v3/domains?names=cf-own.example.com");
      assert.equal(relationships.organization.data.guid, organization.guid);
    },
  },
  {
    name: "create-shared-domain",
    async wire({ wire }) {
      const made = await wire.post(reads.domain, "/v3/domains", {
        name: "wire-shared.example.org",
        internal: false,
      });
      assert.equal(made.relationships.organization.data, null);
      await wire.refused("POST", "/v3/domains", {
        body: { name: "wire-shared.example.org", internal: false },
        status: 422,
        detail: /^The domain name "wire-shared\.example\.org" is already in use$/,
      });
    },
    async client({ cf, the }) {
      assert.match(
        await cf("create-shared-domain", "cf-shared.example.org"),
        /Creating shared domain cf-shared\.example\.org as admin\.\.\.\nOK\n\nTIP: Domain 'cf-shared\.example\.org' is shared with all orgs\./,
      );
      const { relationships } = await the("/v3/domains?names=cf-shared.example.org");
      assert.equal(relationships.organization.data, null);
    },
  },
  {
    name: "domains",
    async wire({ wire, organization }) {
      const all = await wire.list(reads.domain, `/v3/organizations/${organization.guid}/domains`);
      const names = all.map(({ name }) => name);
      for (const name of ["apps.localhost", "wire-own.example.com", "wire-shared.example.org"]) {
        assert.ok(names.includes(name), name);
      }
    },
    async client({ cf }) {
      const out = await cf("domains");
      assert.match(out, /name\s+availability\s+internal\s+protocols\n/);
      assert.match(out, /apps\.localhost\s+shared\s+http\n/);
      assert.match(out, /cf-own\.example\.com\s+private\s+http\n/);
    },
  },
  {
    name: "delete-private-domain",
    async wire({ wire }) {
      const { guid } = await domainNamed(wire, "wire-own.example.com");
      await wire.done("DELETE", `/v3/domains/${guid}`);
      await wire.refused("GET", `/v3/domains/${guid}`, {
        status: 404,
        detail: /^Domain not found$/,
      });
    },
    async client({ cf, cfFails, count }) {
      assert.match(
        await cfFails("delete-private-domain", "apps.localhost", "-f"),
        /Domain 'apps\.localhost' is a shared domain, not a private domain\./,
      );
      assert.match(
        await cf("delete-private-domain", "cf-own.example.com", "-f"),
        /Deleting private domain cf-own\.example\.com as admin\.\.\.\nOK/,
      );
      assert.equal(await count("/v3/domains?names=cf-own.example.com"), 0);
    },
  },
  {
    name: "delete-shared-domain",
    async wire({ wire, count }) {
      const { guid } = await domainNamed(wire, "wire-shared.example.org");
      await wire.done("DELETE", `/v3/domains/${guid}`);
      assert.equal(await count("/v3/domains?names=wire-shared.example.org"), 0);
    },
    async client({ cf, count }) {
      assert.match(
        await cf("delete-shared-domain", "cf-shared.example.org", "-f"),
        /Deleting domain cf-shared\.example\.org as admin\.\.\.\nOK/,
      );
      assert.equal(await count("/v3/domains?names=cf-shared.example.org"), 0);
    },
  },
  {
    name: "router-groups",
    async wire({ wire, api }) {
      const { json } = await api("GET", "/");
      const groups = await wire.get(
        z.array(z.object({ guid: z.string(), name: z.string(), type: z.string() })),
        `${json.links.routing.href}/v1/router_groups`,
      );
      assert.deepEqual(groups, [], "there are no router groups");
    },
    async client({ cf }) {
      assert.match(
        await cf("router-groups"),
        /Getting router groups as admin\.\.\.\n\nNo router groups found\./,
      );
    },
  },
];
