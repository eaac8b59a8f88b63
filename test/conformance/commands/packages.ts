import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import type { Command } from "../command.ts";
import { to } from "../look-up.ts";
import * as push from "../push.ts";
import * as reads from "../reads.ts";
import { shows, sourceOf, type World } from "../world.ts";

const inTarget = "in org conformance \\/ space dev as admin\\.\\.\\.";

/** An app that is not started, for packages and droplets. */
async function bare({ api, space, count }: World, name: string): Promise<string> {
  if ((await count(`/v3/apps?names=${name}`)) === 0) {
    await api("POST", "/v3/apps", {
      name,
      lifecycle: { type: "buildpack", data: { buildpacks: ["procfile_buildpack"] } },
      relationships: { space: to(space.guid) },
    });
  }
  return (await api("GET", `/v3/apps?names=${name}`)).json.resources[0].guid;
}

const packaging: readonly Command[] = [
  {
    name: "create-package",
    async wire(world) {
      await bare(world, "wire-parts");
      const { guid } = await push.appNamed(world.wire, world.space.guid, "wire-parts");
      await push.packageOf(world.wire, guid, { files: sourceOf("us") });
    },
    async client(world) {
      const guid = await bare(world, "cf-parts");
      assert.match(
        await world.cf("create-package", "cf-parts", "-p", world.source.path),
        /Creating and uploading bits package for app cf-parts in org conformance \/ space dev as admin\.\.\.\n+Package with guid '[0-9a-f-]+' has been created\.\n*OK/,
      );
      assert.equal((await world.the(`/v3/apps/${guid}/packages`)).state, "READY");
    },
  },
  {
    name: "packages",
    async wire({ wire, space }) {
      const { guid } = await push.appNamed(wire, space.guid, "wire-parts");
      const all = await wire.list(
        reads.packageOf,
        `/v3/packages?app_guids=${guid}&order_by=-created_at`,
      );
      assert.deepEqual(
        all.map(({ state }) => state),
        ["READY"],
      );
    },
    async client({ cf }) {
      assert.match(
        await cf("packages", "cf-parts"),
        new RegExp(
          `Getting packages of app cf-parts ${inTarget}\\n\\nguid\\s+state\\s+created\\n[0-9a-f-]{36}\\s+ready\\s+\\w{3} \\d\\d \\w{3}`,
        ),
      );
    },
  },
  {
    name: "stage-package",
    async wire(world) {
      const { wire, space } = world;
      const { guid } = await push.appNamed(wire, space.guid, "wire-parts");
      const newest = await wire.list(
        reads.packageOf,
        `/v3/packages?app_guids=${guid}&order_by=-created_at&page=1&per_page=1&states=READY`,
      );
      await push.stagedByName(world, "wire-parts", newest[0]?.guid ?? "");
      await push.readLog(wire, guid);
    },
    async client(world) {
      const out = await world.cf("stage-package", "cf-parts");
      assert.match(out, new RegExp(`Staging package for cf-parts ${inTarget}`));
      assert.match(
        out,
        /Package staged\n+droplet guid:\s+[0-9a-f-]{36}\nstate:\s+staged\ncreated:\s+/,
      );
      const guid = await bare(world, "cf-parts");
      assert.equal((await world.the(`/v3/apps/${guid}/droplets`)).state, "STAGED");
    },
  },
  {
    name: "set-droplet",
    async wire(world) {
      const { wire, space } = world;
      const { guid } = await push.appNamed(wire, space.guid, "wire-parts");
      const droplet = await world.the(`/v3/apps/${guid}/droplets`);
      await push.assign(wire, guid, droplet.guid);
    },
    async client(world) {
      const app = await bare(world, "cf-parts");
      const { guid } = await world.the(`/v3/apps/${app}/droplets`);
      assert.match(
        await world.cf("set-droplet", "cf-parts", guid),
        new RegExp(`Setting app cf-parts to droplet ${guid} ${inTarget}\\n+OK`),
      );
      assert.equal((await world.api("GET", `/v3/apps/${app}/droplets/current`)).json.guid, guid);
    },
  },
  {
    name: "droplets",
    async wire({ wire, space }) {
      const { guid } = await push.appNamed(wire, space.guid, "wire-parts");
      await wire.list(reads.droplet, `/v3/droplets?app_guids=${guid}&order_by=-created_at`);
      await wire.get(reads.droplet, `/v3/apps/${guid}/droplets/current`);
    },
    async client({ cf }) {
      assert.match(
        await cf("droplets", "cf-parts"),
        new RegExp(
          `Getting droplets of app cf-parts ${inTarget}\\n\\nguid\\s+state\\s+created\\n[0-9a-f-]{36} \\(current\\)\\s+staged\\s+`,
        ),
      );
    },
  },
  {
    name: "download-droplet",
    async wire({ wire, space }) {
      const { guid } = await push.appNamed(wire, space.guid, "wire-parts");
      const droplet = await wire.get(reads.droplet, `/v3/apps/${guid}/droplets/current`);
      const answer = await wire.ask("GET", `/v3/droplets/${droplet.guid}/download`);
      assert.ok([200, 302].includes(answer.status), `${answer.status}`);
    },
    incomparable: "the client follows the redirect to the blobs",
    async client({ cf, source: folder }) {
      const file = `${folder.path}/droplet.tgz`;
      assert.match(
        await cf("download-droplet", "cf-parts", "--path", file),
        new RegExp(
          `Downloading current droplet for app cf-parts ${inTarget}\\n+Droplet downloaded successfully at .*droplet\\.tgz\\nOK`,
        ),
      );
      assert.ok(existsSync(file));
      assert.deepEqual([...readFileSync(file).subarray(0, 2)], [0x1f, 0x8b], "no gzip");
    },
    async more(world) {
      const { cf, source: folder, the } = world;
      await cf(
        "push",
        "cf-of-droplet",
        "--no-manifest",
        "--droplet",
        `${folder.path}/droplet.tgz`,
        "-m",
        "64M",
      );
      assert.equal((await the("/v3/apps?names=cf-of-droplet")).state, "STARTED");
      assert.equal((await world.platform.fetchApp("cf-of-droplet.apps.localhost")).status, 200);
      await cf("delete", "cf-of-droplet", "-f", "-r");
    },
  },
];

export const packages: readonly Command[] = [
  ...packaging,
  {
    name: "copy-source",
    async wire(world) {
      const { wire, space } = world;
      await bare(world, "wire-copy");
      const demo = await push.appNamed(wire, space.guid, "demo");
      const target = await push.appNamed(wire, space.guid, "wire-copy");
      const [newest] = await wire.list(
        reads.packageOf,
        `/v3/packages?app_guids=${demo.guid}&order_by=-created_at&page=1&per_page=1&states=READY`,
      );
      const copy = await wire.post(reads.packageOf, `/v3/packages?source_guid=${newest?.guid}`, {
        relationships: { app: to(target.guid) },
      });
      await shows(world, `/v3/packages/${copy.guid}`, ({ state }) => state === "READY");
      await wire.get(reads.packageOf, `/v3/packages/${copy.guid}`);
      const droplet = await push.stagedByName(world, "wire-copy", copy.guid);
      await push.assign(wire, target.guid, droplet);
      await wire.post(reads.app, `/v3/apps/${target.guid}/actions/start`);
      await push.running(wire, target.guid);
      await push.readLog(wire, target.guid);
      await push.summary(wire, target.guid);
    },
    async client(world) {
      await bare(world, "cf-copy");
      const out = await world.cf("copy-source", "demo", "cf-copy");
      assert.match(
        out,
        new RegExp(`Copying source from app demo to target app cf-copy ${inTarget}`),
      );
      assert.match(out, /Staging app cf-copy in org conformance[^]*#0\s+running/);
      assert.equal((await world.the("/v3/apps?names=cf-copy")).state, "STARTED");
    },
  },
];
