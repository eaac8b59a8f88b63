import assert from "node:assert/strict";
import { z } from "zod";
import type { Command } from "../command.ts";
import * as push from "../push.ts";

const labelled = z.object({ metadata: z.object({ labels: z.record(z.string(), z.string()) }) });

export const labels: readonly Command[] = [
  {
    name: "set-label",
    async wire({ wire, space }) {
      const { guid } = await push.appNamed(wire, space.guid, "demo");
      const { metadata } = await wire.patch(labelled, `/v3/apps/${guid}`, {
        metadata: { labels: { "x-team": "blue" } },
      });
      assert.equal(metadata.labels["x-team"], "blue");
    },
    async client({ cf, the }) {
      assert.match(
        await cf("set-label", "app", "demo", "x-team=blue"),
        /Setting label\(s\) for app demo in org conformance \/ space dev as admin\.\.\.\nOK/,
      );
      assert.equal((await the("/v3/apps?names=demo")).metadata.labels["x-team"], "blue");
    },
    async more({ cf, the }) {
      // Every kind that the client can label, each read back.
      const kinds: Readonly<Record<string, readonly [string, string]>> = {
        org: ["conformance", "/v3/organizations?names=conformance"],
        space: ["dev", "/v3/spaces?names=dev&label_selector=x-team"],
        domain: ["apps.localhost", "/v3/domains?names=apps.localhost"],
        route: ["demo.apps.localhost", "/v3/routes?hosts=demo"],
        buildpack: ["binary_buildpack", "/v3/buildpacks?names=binary_buildpack"],
        stack: ["cflinuxfs4", "/v3/stacks?names=cflinuxfs4"],
      };
      for (const [kind, [name, path]] of Object.entries(kinds)) {
        assert.match(await cf("set-label", kind, name, "x-team=red"), /OK/);
        assert.equal((await the(path)).metadata.labels["x-team"], "red", kind);
        assert.match(await cf("labels", kind, name), /x-team\s+red/);
        assert.match(await cf("unset-label", kind, name, "x-team"), /OK/);
      }
    },
  },
  {
    name: "labels",
    async wire({ wire, space }) {
      const { metadata } = await push.appNamed(wire, space.guid, "demo");
      assert.equal(metadata.labels["x-team"], "blue");
    },
    async client({ cf }) {
      assert.match(
        await cf("labels", "app", "demo"),
        /Getting labels for app demo in org conformance \/ space dev as admin\.\.\.\n\nkey\s+value\nx-team\s+blue\n/,
      );
    },
  },
  {
    name: "unset-label",
    async wire({ wire, space }) {
      const { guid } = await push.appNamed(wire, space.guid, "demo");
      const { metadata } = await wire.patch(labelled, `/v3/apps/${guid}`, {
        metadata: { labels: { "x-team": null } },
      });
      assert.equal(metadata.labels["x-team"], undefined);
    },
    async client({ cf, the }) {
      assert.match(
        await cf("unset-label", "app", "demo", "x-team"),
        /Removing label\(s\) for app demo in org conformance \/ space dev as admin\.\.\.\nOK/,
      );
      assert.deepEqual((await the("/v3/apps?names=demo")).metadata.labels, {});
    },
  },
];
