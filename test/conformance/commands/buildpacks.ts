import assert from "node:assert/strict";
import type { Command } from "../command.ts";
import { named } from "../look-up.ts";
import { zipOf } from "../push.ts";
import * as reads from "../reads.ts";
import type { Wire } from "../wire.ts";

const buildpack = (wire: Wire, name: string) =>
  wire.one(reads.buildpack, `/v3/buildpacks?names=${name}`);

/** Enough of a buildpack to be taken; nothing is staged with it. */
const files = { "bin/detect": "#!/bin/sh\nexit 1\n", "bin/compile": "#!/bin/sh\n" };

export const buildpacks: readonly Command[] = [
  {
    name: "create-buildpack",
    async wire({ wire, the }) {
      const made = await wire.post(reads.buildpack, "/v3/buildpacks", {
        name: "wire_buildpack",
        enabled: true,
        position: 99,
      });
      assert.equal(made.state, "AWAITING_UPLOAD");
      const form = new FormData();
      form.set("bits", await zipOf(files), "wire_buildpack.zip");
      await wire.done("POST", `/v3/buildpacks/${made.guid}/upload`, { body: form });
      const { state, filename } = await the("/v3/buildpacks?names=wire_buildpack");
      assert.deepEqual([state, filename], ["READY", "wire_buildpack.zip"]);
    },
    async client({ cf, the, source }) {
      for (const [name, content] of Object.entries(files)) {
        source.write(`buildpack/${name}`, content, 0o755);
      }
      const out = await cf("create-buildpack", "cf_buildpack", `${source.path}/buildpack`, "99");
      assert.match(
        out,
        /Creating buildpack cf_buildpack as admin\.\.\.\nOK\n\nUploading buildpack cf_buildpack as admin\.\.\.\n[^]*Processing uploaded buildpack cf_buildpack\.\.\.\nOK/,
      );
      assert.equal((await the("/v3/buildpacks?names=cf_buildpack")).state, "READY");
    },
  },
  {
    name: "buildpacks",
    async wire({ wire }) {
      const all = await wire.list(reads.buildpack, "/v3/buildpacks");
      const positions = all.map(({ position }) => position);
      assert.deepEqual(
        positions,
        positions.toSorted((a, b) => a - b),
      );
      assert.ok(all.some(({ name }) => name === "nodejs_buildpack"));
    },
    async client({ cf }) {
      const out = await cf("buildpacks");
      assert.match(
        out,
        /Getting buildpacks as admin\.\.\.\n\nposition\s+name\s+stack\s+enabled\s+locked\s+state\s+filename/,
      );
      assert.match(out, /\d+\s+nodejs_buildpack\s+\S*\s+true\s+false\s+READY/);
      assert.match(out, /\d+\s+cf_buildpack\s+true\s+false\s+READY\s+cf_buildpack|buildpack\.zip/);
    },
  },
  {
    name: "update-buildpack",
    async wire({ wire }) {
      const { guid } = await buildpack(wire, "wire_buildpack");
      const changed = await wire.patch(reads.buildpack, `/v3/buildpacks/${guid}`, {
        enabled: false,
      });
      assert.equal(changed.enabled, false);
    },
    async client({ cf, the }) {
      assert.match(
        await cf("update-buildpack", "cf_buildpack", "--disable"),
        /Updating buildpack cf_buildpack[^]*\.\.\.\nOK/,
      );
      assert.equal((await the("/v3/buildpacks?names=cf_buildpack")).enabled, false);
    },
  },
  {
    name: "delete-buildpack",
    async wire({ wire, count }) {
      const { guid } = await buildpack(wire, "wire_buildpack");
      await wire.done("DELETE", `/v3/buildpacks/${guid}`);
      assert.equal(await count("/v3/buildpacks?names=wire_buildpack"), 0);
    },
    async client({ cf, count }) {
      assert.match(
        await cf("delete-buildpack", "cf_buildpack", "-f"),
        /Deleting buildpack cf_buildpack[^]*\nOK/,
      );
      assert.equal(await count("/v3/buildpacks?names=cf_buildpack"), 0);
    },
  },
];

export const stacks: readonly Command[] = [
  {
    name: "stacks",
    async wire({ wire }) {
      const all = await wire.list(reads.stack, "/v3/stacks");
      assert.ok(all.some(({ name }) => name === "cflinuxfs4"));
    },
    async client({ cf }) {
      assert.match(
        await cf("stacks"),
        /Getting stacks as admin\.\.\.\n\nname\s+description\s+state\n(.+\n)*cflinuxfs4\s+.*ACTIVE\n/,
      );
    },
  },
  {
    name: "stack",
    async wire({ wire }) {
      await named(wire, reads.stack, "stacks", "cflinuxfs4");
    },
    async client({ cf, cfFails }) {
      assert.match(
        await cf("stack", "cflinuxfs4"),
        /name:\s+cflinuxfs4\ndescription:\s+.+\nstate:\s+ACTIVE/,
      );
      assert.match(await cfFails("stack", "nope"), /Stack 'nope' not found/);
    },
  },
  {
    name: "update-stack",
    async wire({ wire, api }) {
      await api("POST", "/v3/stacks", { name: "x-stack", description: "of the suite" });
      const { guid } = await named(wire, reads.stack, "stacks", "x-stack");
      const changed = await wire.patch(reads.stack, `/v3/stacks/${guid}`, { state: "DEPRECATED" });
      assert.equal(changed.state, "DEPRECATED");
    },
    async client({ cf, the, api }) {
      await api("POST", "/v3/stacks", { name: "x-stack", description: "of the suite" });
      assert.match(
        await cf("update-stack", "x-stack", "--state", "deprecated"),
        /Updating stack x-stack as admin\.\.\.\nOK/,
      );
      const { guid, state } = await the("/v3/stacks?names=x-stack");
      assert.equal(state, "DEPRECATED");
      assert.equal((await api("DELETE", `/v3/stacks/${guid}`)).status, 204);
    },
  },
];
