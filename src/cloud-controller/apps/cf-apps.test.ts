import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultLimits } from "../config.ts";
import { firstSpace } from "../testing/tenants.ts";
import { TestCloudController, type Caller } from "../testing/test-cloud-controller.ts";

// What `cf apps` sends (version 9): pages of apps at their largest, processes and routes without `per_page`, each list
// followed by `pagination.next`.

/** How many requests each list takes, and how many resources it has. */
async function cfApps(caller: Caller, spaceGuid: string) {
  const apps = await followed(
    caller,
    `/v3/apps?order_by=name&per_page=5000&space_guids=${spaceGuid}`,
  );
  const processes = await followed(
    caller,
    `/v3/processes?embed=process_instances&space_guids=${spaceGuid}`,
  );
  const guids = apps.resources.map(({ guid }) => guid).join(",");
  const routes = await followed(caller, `/v3/routes?app_guids=${guids}`);
  return [apps, processes, routes].map(({ requests, resources }) => [requests, resources.length]);
}

async function followed(caller: Caller, path: string) {
  const resources: { readonly guid: string }[] = [];
  let requests = 0;
  let next: string | undefined = path;
  while (next !== undefined) {
    const { status, json, text } = await caller.get(next);
    assert.equal(status, 200, text);
    requests += 1;
    resources.push(...json.resources);
    next = json.pagination.next?.href.replace(/^https?:\/\/[^/]+/, "");
  }
  assert.equal(new Set(resources.map(({ guid }) => guid)).size, resources.length);
  return { requests, resources };
}

for (const { narrowedPageSize, apps, requests } of [
  { narrowedPageSize: defaultLimits.narrowedPageSize, apps: 51, requests: 1 },
  { narrowedPageSize: 10, apps: 11, requests: 2 },
]) {
  test(`\`cf apps\` reads a space in pages of ${narrowedPageSize} processes and routes`, async () => {
    const limits = { ...defaultLimits, narrowedPageSize };
    await using cc = await TestCloudController.start({ config: { limits } });
    const caller = await cc.admin();
    const { spaceGuid } = await firstSpace(caller);
    const { json: domains } = await caller.get("/v3/domains");
    const domain = { data: { guid: domains.resources[0].guid } };
    const space = { data: { guid: spaceGuid } };
    for (let index = 0; index < apps; index += 1) {
      const name = `app-${index}`;
      const app = await caller.post("/v3/apps", { name, relationships: { space } });
      const route = await caller.post("/v3/routes", {
        host: name,
        relationships: { domain, space },
      });
      await caller.post(`/v3/routes/${route.json.guid}/destinations`, {
        destinations: [{ app: { guid: app.json.guid } }],
      });
    }

    assert.deepEqual(await cfApps(caller, spaceGuid), [
      [1, apps],
      [requests, apps],
      [requests, apps],
    ]);
  });
}
