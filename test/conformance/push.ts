import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { ZipFile } from "yazl";
import { z } from "zod";
import * as reads from "./reads.ts";
import type { Wire } from "./wire.ts";

interface Pushed {
  readonly space: string;
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  /** Lines of the manifest beside the app's name. */
  readonly manifest?: string;
}

/** A push as the client does it: manifest, matches, package, build, droplet, restart. */
export async function pushed(
  wire: Wire,
  { space, name, files, manifest = "" }: Pushed,
): Promise<{ readonly guid: string; readonly name: string }> {
  const yaml = `applications:\n- name: ${name}\n  memory: 64M\n  buildpacks: [procfile_buildpack]\n  default-route: true\n${manifest}`;
  const asked = { body: yaml, contentType: "application/x-yaml" };
  await wire.done("POST", `/v3/spaces/${space}/actions/apply_manifest`, asked);
  const app = await appNamed(wire, space, name);
  const packageGuid = await uploaded(wire, app.guid, files);
  const droplet = await staged(wire, packageGuid);
  const { state } = await wire.get(reads.droplet, `/v3/droplets/${droplet}`);
  assert.equal(state, "STAGED");
  await assign(wire, app.guid, droplet);
  await wire.post(reads.app, `/v3/apps/${app.guid}/actions/restart`);
  await running(wire, app.guid);
  return app;
}

export async function appNamed(wire: Wire, space: string, name: string) {
  return await wire.one(reads.app, `/v3/apps?names=${name}&space_guids=${space}`);
}

/** A package with all files of an app: resources first, then the zip. Gives its guid once it is READY. */
async function uploaded(
  wire: Wire,
  app: string,
  files: Readonly<Record<string, string>>,
): Promise<string> {
  const resource = z.strictObject({
    path: z.string(),
    mode: z.string().regex(/^[0-7]+$/),
    checksum: z.strictObject({ value: z.string().length(40) }),
    size_in_bytes: z.int(),
  });
  const all = Object.entries(files).map(([path, content]) => ({
    path,
    mode: "644",
    checksum: { value: createHash("sha1").update(content).digest("hex") },
    size_in_bytes: content.length,
  }));
  const matches = z.strictObject({ resources: z.array(resource) });
  const { resources } = await wire.post(matches, "/v3/resource_matches", { resources: all });
  const matched = new Set(resources.map(({ checksum }) => checksum.value));
  // An entry that is in neither list is lost to the app, so the client counts on every match being echoed.
  const others = all.filter(({ checksum }) => !matched.has(checksum.value));
  assert.equal(resources.length + others.length, all.length);
  return await packageOf(wire, app, {
    files: Object.fromEntries(others.map(({ path }) => [path, files[path] ?? ""])),
    resources: JSON.stringify(resources),
  });
}

export async function packageOf(
  wire: Wire,
  app: string,
  { files, resources }: { files: Readonly<Record<string, string>>; resources?: string },
): Promise<string> {
  const made = await wire.post(reads.packageOf, "/v3/packages", {
    type: "bits",
    relationships: { app: { data: { guid: app } } },
  });
  const form = new FormData();
  if (resources !== undefined) form.set("resources", resources);
  if (Object.keys(files).length > 0) form.set("bits", await zipOf(files), "package.zip");
  let seen = await wire.read(reads.packageOf, "POST", `/v3/packages/${made.guid}/upload`, {
    body: form,
  });
  while (!["READY", "FAILED", "EXPIRED"].includes(seen.state)) {
    seen = await wire.get(reads.packageOf, `/v3/packages/${made.guid}`);
  }
  assert.equal(seen.state, "READY");
  return made.guid;
}

/** Gives the droplet's guid. */
async function staged(wire: Wire, packageGuid: string): Promise<string> {
  let build = await wire.post(reads.build, "/v3/builds", { package: { guid: packageGuid } });
  while (build.state === "STAGING") build = await wire.get(reads.build, `/v3/builds/${build.guid}`);
  assert.equal(build.state, "STAGED", build.error ?? "");
  assert.ok(build.droplet !== null);
  return build.droplet.guid;
}

/** Stages as start, restage and stage-package do: the app and its package looked up again first. */
export async function stagedByName(
  { wire, space }: { readonly wire: Wire; readonly space: { readonly guid: string } },
  name: string,
  packageGuid: string,
): Promise<string> {
  const { guid } = await appNamed(wire, space.guid, name);
  await wire.one(
    reads.packageOf,
    `/v3/packages?app_guids=${guid}&guids=${packageGuid}&page=1&per_page=1`,
  );
  return await staged(wire, packageGuid);
}

export async function assign(wire: Wire, app: string, droplet: string): Promise<void> {
  await wire.patch(reads.relationship, `/v3/apps/${app}/relationships/current_droplet`, {
    data: { guid: droplet },
  });
}

/** All that log-cache has of an app, decoded. The client's decoder fails on a field that it does not know. */
export async function readLog(wire: Wire, app: string): Promise<readonly string[]> {
  await wire.get(z.object({ version: z.string().regex(/^[2-9]\.\d+\.\d+/) }), "/api/v1/info");
  const envelope = z.strictObject({
    timestamp: z.string().regex(/^\d+$/),
    source_id: z.string(),
    instance_id: z.string().optional(),
    deprecated_tags: z.object({}).optional(),
    tags: z.record(z.string(), z.string()),
    log: z.strictObject({ payload: z.base64(), type: z.enum(["OUT", "ERR"]) }),
  });
  const answer = z.strictObject({ envelopes: z.strictObject({ batch: z.array(envelope) }) });
  const { envelopes } = await wire.get(
    answer,
    `/api/v1/read/${app}?descending=true&envelope_types=LOG&limit=1000&start_time=-6795364578871345152`,
  );
  return envelopes.batch.map(({ log }) => Buffer.from(log.payload, "base64").toString());
}

/** Until every process of the app is up, as the client sees it: no instance wanted, or one that runs. */
export async function running(wire: Wire, app: string): Promise<void> {
  const processes = await wire.list(reads.process, `/v3/apps/${app}/processes`);
  for (const { guid } of processes) {
    for (;;) {
      const rows = await wire.list(reads.stats, `/v3/processes/${guid}/stats`);
      const states = rows.map(({ state }) => state);
      if (states.length === 0 || states.includes("RUNNING")) break;
      assert.ok(!states.every((state) => state === "CRASHED"), "all instances have crashed");
    }
  }
}

/** What the client asks for the summary of an app; a push asks for each process once more, for its whole command. */
export async function summary(
  wire: Wire,
  app: string,
  { processes = "listed" }: { readonly processes?: "listed" | "each" } = {},
): Promise<void> {
  for (const { guid } of await wire.list(reads.process, `/v3/apps/${app}/processes`)) {
    if (processes === "each") await wire.get(reads.process, `/v3/processes/${guid}`);
    await wire.list(reads.sidecar, `/v3/processes/${guid}/sidecars`);
    await wire.list(reads.stats, `/v3/processes/${guid}/stats`);
  }
  await wire.list(reads.route, `/v3/apps/${app}/routes`);
  await wire.get(reads.droplet, `/v3/apps/${app}/droplets/current`);
  await wire.list(
    reads.deployment,
    `/v3/deployments?app_guids=${app}&order_by=-created_at&page=1&per_page=1&status_values=ACTIVE`,
  );
}

export async function zipOf(files: Readonly<Record<string, string>>): Promise<Blob> {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(files)) zip.addBuffer(Buffer.from(content), name);
  zip.end();
  return new Blob([await buffer(zip.outputStream)]);
}
