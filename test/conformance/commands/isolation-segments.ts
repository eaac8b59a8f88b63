import assert from "node:assert/strict";
import type { Command } from "../command.ts";
import { named, organizationNamed, spaceNamed } from "../look-up.ts";
import * as reads from "../reads.ts";
import type { Wire } from "../wire.ts";

const segment = (wire: Wire, name: string) =>
  named(wire, reads.isolationSegment, "isolation_segments", name);

const defaultOf = (organization: string) =>
  `/v3/organizations/${organization}/relationships/default_isolation_segment`;
const ofSpace = (space: string) => `/v3/spaces/${space}/relationships/isolation_segment`;

export const isolationSegments: readonly Command[] = [
  {
    name: "create-isolation-segment",
    async wire({ wire }) {
      const body = { name: "wire-segment" };
      await wire.post(reads.isolationSegment, "/v3/isolation_segments", body);
      await wire.refused("POST", "/v3/isolation_segments", {
        body,
        status: 422,
        detail: /[Uu]nique/,
      });
    },
    async client({ cf, count }) {
      assert.match(
        await cf("create-isolation-segment", "cf-segment"),
        /Creating isolation segment cf-segment as admin\.\.\.\nOK/,
      );
      assert.equal(await count("/v3/isolation_segments?names=cf-segment"), 1);
    },
    async more({ cfWith }) {
      const stderr = /^Isolation segment 'cf-segment' already exists\.\n$|[Uu]nique/;
      assert.match(await cfWith({ stderr }, "create-isolation-segment", "cf-segment"), /OK/);
    },
  },
  {
    name: "enable-org-isolation",
    async wire({ wire }) {
      const organization = await organizationNamed(wire, "conformance");
      const { guid } = await segment(wire, "wire-segment");
      const { data } = await wire.post(
        reads.relationships,
        `/v3/isolation_segments/${guid}/relationships/organizations`,
        { data: [{ guid: organization.guid }] },
      );
      assert.deepEqual(data, [{ guid: organization.guid }]);
    },
    async client({ cf, the, api, organization }) {
      assert.match(
        await cf("enable-org-isolation", "conformance", "cf-segment"),
        /Enabling isolation segment cf-segment for org conformance as admin\.\.\.\nOK/,
      );
      const { guid } = await the("/v3/isolation_segments?names=cf-segment");
      const { json } = await api("GET", `/v3/isolation_segments/${guid}/organizations`);
      assert.equal(json.resources[0].guid, organization.guid);
    },
  },
  {
    name: "isolation-segments",
    async wire({ wire }) {
      const all = await wire.list(reads.isolationSegment, "/v3/isolation_segments");
      assert.ok(all.some(({ name }) => name === "shared"));
      for (const { guid } of all) {
        await wire.list(reads.organization, `/v3/isolation_segments/${guid}/organizations`);
      }
    },
    async client({ cf }) {
      assert.match(
        await cf("isolation-segments"),
        /Getting isolation segments as admin\.\.\.\n\nname\s+orgs\n[^]*cf-segment\s+conformance/,
      );
    },
  },
  {
    name: "set-org-default-isolation-segment",
    async wire({ wire }) {
      const organization = await organizationNamed(wire, "conformance");
      const { guid } = await segment(wire, "wire-segment");
      const { data } = await wire.patch(reads.relationship, defaultOf(organization.guid), {
        data: { guid },
      });
      assert.equal(data?.guid, guid);
    },
    async client({ cf, the, api, organization }) {
      assert.match(
        await cf("set-org-default-isolation-segment", "conformance", "cf-segment"),
        /Setting isolation segment cf-segment to default on org conformance as admin\.\.\.\nOK/,
      );
      const { guid } = await the("/v3/isolation_segments?names=cf-segment");
      assert.equal((await api("GET", defaultOf(organization.guid))).json.data.guid, guid);
    },
  },
  {
    name: "reset-org-default-isolation-segment",
    async wire({ wire }) {
      const { guid } = await organizationNamed(wire, "conformance");
      const { data } = await wire.patch(reads.relationship, defaultOf(guid), { data: null });
      assert.equal(data, null);
    },
    async client({ cf, api, organization }) {
      assert.match(
        await cf("reset-org-default-isolation-segment", "conformance"),
        /Resetting default isolation segment of org conformance as admin\.\.\.\nOK/,
      );
      assert.equal((await api("GET", defaultOf(organization.guid))).json.data, null);
    },
  },
  {
    name: "set-space-isolation-segment",
    async wire({ wire, organization }) {
      const space = await spaceNamed(wire, organization.guid, "other");
      const { guid } = await segment(wire, "wire-segment");
      const { data } = await wire.patch(reads.relationship, ofSpace(space.guid), {
        data: { guid },
      });
      assert.equal(data?.guid, guid);
    },
    async client({ cf, the, api, otherSpace }) {
      assert.match(
        await cf("set-space-isolation-segment", "other", "cf-segment"),
        /Updating isolation segment of space other in org conformance as admin\.\.\.\nOK/,
      );
      const { guid } = await the("/v3/isolation_segments?names=cf-segment");
      assert.equal((await api("GET", ofSpace(otherSpace.guid))).json.data.guid, guid);
    },
  },
  {
    name: "reset-space-isolation-segment",
    async wire({ wire, organization }) {
      const { guid } = await spaceNamed(wire, organization.guid, "other");
      const { data } = await wire.patch(reads.relationship, ofSpace(guid), { data: null });
      assert.equal(data, null);
      await wire.get(reads.relationship, defaultOf(organization.guid));
    },
    async client({ cf, api, otherSpace }) {
      assert.match(
        await cf("reset-space-isolation-segment", "other"),
        /Resetting isolation segment assignment of space other in org conformance as admin\.\.\.\nOK/,
      );
      assert.equal((await api("GET", ofSpace(otherSpace.guid))).json.data, null);
    },
  },
  {
    name: "disable-org-isolation",
    async wire({ wire, api }) {
      const organization = await organizationNamed(wire, "conformance");
      const { guid } = await segment(wire, "wire-segment");
      await wire.send(
        "DELETE",
        `/v3/isolation_segments/${guid}/relationships/organizations/${organization.guid}`,
      );
      const { json } = await api("GET", `/v3/isolation_segments/${guid}/organizations`);
      assert.deepEqual(json.resources, []);
    },
    async client({ cf, the, api }) {
      assert.match(
        await cf("disable-org-isolation", "conformance", "cf-segment"),
        /Removing entitlement to isolation segment cf-segment from org conformance as admin\.\.\.\nOK/,
      );
      const { guid } = await the("/v3/isolation_segments?names=cf-segment");
      const { json } = await api("GET", `/v3/isolation_segments/${guid}/organizations`);
      assert.deepEqual(json.resources, []);
    },
  },
  {
    name: "delete-isolation-segment",
    async wire({ wire }) {
      const { guid } = await segment(wire, "wire-segment");
      await wire.done("DELETE", `/v3/isolation_segments/${guid}`);
      await wire.refused("GET", `/v3/isolation_segments/${guid}`, {
        status: 404,
        detail: /^Isolation segment not found$/,
      });
    },
    async client({ cf, count }) {
      assert.match(
        await cf("delete-isolation-segment", "cf-segment", "-f"),
        /Deleting isolation segment cf-segment as admin\.\.\.\nOK/,
      );
      assert.equal(await count("/v3/isolation_segments?names=cf-segment"), 0);
    },
  },
];
