import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { loggedIn, type Api } from "../support/api.ts";
import { appFolder, nodeServer } from "../support/app-folder.ts";
import { eventually, TestPlatform } from "../support/test-platform.ts";

interface Instance {
  readonly state: string;
  readonly instance_guid?: string;
}

async function instancesOf(api: Api, name: string): Promise<readonly Instance[]> {
  const apps = await api("GET", `/v3/apps?names=${name}`);
  const { guid } = apps.json.resources[0];
  return (await api("GET", `/v3/apps/${guid}/processes/web/stats`)).json.resources;
}

/** The one instance, running, other than that of the guid. */
function running(api: Api, name: string, otherThan?: string): Promise<string> {
  return eventually(
    async () => {
      const [instance] = await instancesOf(api, name);
      const { instance_guid: guid } = instance ?? {};
      return instance?.state === "RUNNING" && guid !== otherThan ? guid : undefined;
    },
    { withinMs: 60_000, what: () => `an instance of ${name} to run` },
  );
}

/** What is still under way: nothing may be for ever. */
async function unfinished(api: Api): Promise<string[]> {
  const builds = await api("GET", "/v3/builds?states=STAGING");
  const packages = await api("GET", "/v3/packages?states=PROCESSING_UPLOAD");
  const droplets = await api("GET", "/v3/droplets?states=AWAITING_UPLOAD,PROCESSING_UPLOAD");
  return [builds, packages, droplets].flatMap(({ json }) =>
    json.resources.map((each: { guid: string; state: string }) => `${each.guid} ${each.state}`),
  );
}

function containers(platform: TestPlatform): string[] {
  return globSync(path.join(platform.dataDir, "cells/*/containers/*"));
}

test("killed with -9 in the middle of pushes and starts of its own, again and again, the platform settles", async () => {
  await using platform = await TestPlatform.start({ cells: 2 });
  using folder = appFolder(nodeServer("unbroken"));
  await platform.rivera(["login"]);
  const push = () =>
    platform.rivera(["push", "unbroken", "-m", "64M", "-b", "procfile_buildpack"], {
      cwd: folder.path,
    });
  const first = await push();
  assert.equal(first.status, 0, first.stdout + first.stderr);

  // Moments of a push: the manifest, the upload, the staging, the start.
  for (const wait of ["package", "build", "droplet"] as const) {
    const api = await loggedIn(platform.addresses);
    const count = async () =>
      (await api("GET", `/v3/${wait}s?per_page=1`)).json.pagination.total_results as number;
    const before = await count();
    folder.write("version", wait);
    const broken = push();
    await eventually(async () => ((await count()) > before ? true : undefined), {
      withinMs: 60_000,
      what: () => `another ${wait}`,
    });
    await platform.kill9();
    await broken;
    await platform.up();
  }

  const api = await loggedIn(platform.addresses);
  await eventually(async () => ((await unfinished(api)).length === 0 ? true : undefined), {
    withinMs: 60_000,
    what: () => "builds, packages and droplets to end",
  });
  const again = await push();
  assert.equal(again.status, 0, again.stdout + again.stderr);
  await eventually(() => (containers(platform).length === 1 ? true : undefined), {
    withinMs: 30_000,
    what: () => `one container instead of ${containers(platform).join(", ")}`,
  });
  assert.match((await platform.fetchApp("unbroken.apps.localhost")).body, /^unbroken/);
});

test("an instance whose supervisor or init is killed has crashed, and another takes its place", async () => {
  await using platform = await TestPlatform.start();
  using folder = appFolder(nodeServer("hardy"));
  await platform.rivera(["login"]);
  const pushed = await platform.rivera(["push", "hardy", "-m", "64M", "-b", "procfile_buildpack"], {
    cwd: folder.path,
  });
  assert.equal(pushed.status, 0, pushed.stdout + pushed.stderr);
  const api = await loggedIn(platform.addresses);
  let guid = await running(api, "hardy");

  for (const victim of ["supervisor", "init"] as const) {
    const [container = ""] = containers(platform);
    const file = victim === "init" ? "container.json" : "processes/action-0/started.json";
    const record = JSON.parse(readFileSync(path.join(container, file), "utf8"));
    process.kill(victim === "init" ? record.init.pid : record.supervisor, "SIGKILL");
    guid = await running(api, "hardy", guid);
  }

  assert.match((await platform.fetchApp("hardy.apps.localhost")).body, /^hardy/);
  const events = await api("GET", "/v3/audit_events?types=app.crash");
  assert.deepEqual(
    events.json.resources
      .map((event: { data: { exit_description: string } }) => event.data.exit_description)
      .toSorted(),
    ["APP/PROC/WEB: Exited with status 137", "APP/PROC/WEB: the exit status is not known"],
  );
});
