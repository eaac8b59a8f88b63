import { z } from "zod";
import { to } from "../look-up.ts";
import { shows } from "../world.ts";
import { absent, refuses, unknownField, unknownQuery, type Endpoint } from "./endpoint.ts";
import * as shapes from "./shapes.ts";
import { newApp, type Things } from "./things.ts";

export const labels = { metadata: { labels: { seen: "yes" } } };
const links = z.strictObject({ links: z.record(z.string(), z.looseObject({ href: z.url() })) });

export const core = (
  endpoint: Omit<Endpoint, "group" | "status"> & { status?: number },
): Endpoint => ({
  group: "core",
  status: 200,
  ...endpoint,
});

const noApp = absent("App");

const apps: readonly Endpoint[] = [
  core({ name: "GET /v3", call: () => "/v3", shape: links, isPublic: true }),
  core({
    name: "GET /v3/info",
    call: () => "/v3/info",
    isPublic: true,
    shape: z.strictObject({
      build: z.string(),
      cli_version: z.strictObject({ minimum: z.string(), recommended: z.string() }),
      custom: z.looseObject({}),
      description: z.string(),
      name: z.string(),
      version: z.int(),
      osbapi_version: z.string(),
      rate_limits: z.strictObject({
        enabled: z.boolean(),
        general_limit: z.int(),
        reset_interval_in_minutes: z.int(),
      }),
      links: z.strictObject({
        self: z.strictObject({ href: z.url() }),
        support: z.strictObject({ href: z.string() }),
      }),
    }),
  }),
  core({
    name: "GET /v3/info/usage_summary",
    call: () => "/v3/info/usage_summary",
    shape: shapes.usageSummary("self"),
  }),
  core({
    name: "POST /v3/admin/actions/clear_buildpack_cache",
    call: () => ["/v3/admin/actions/clear_buildpack_cache", undefined],
    status: 202,
  }),
  core({
    name: "GET /v3/apps",
    call: () => "/v3/apps",
    shape: shapes.some(shapes.app),
    refusal: unknownQuery,
  }),
  core({
    name: "POST /v3/apps",
    call: (t) => ["/v3/apps", { name: t.name(), relationships: { space: to(t.space) } }],
    status: 201,
    shape: shapes.app,
    refusal: unknownField,
  }),
  core({
    name: "GET /v3/apps/:guid",
    call: (t) => `/v3/apps/${t.app}`,
    shape: shapes.app,
    refusal: noApp,
  }),
  core({
    name: "PATCH /v3/apps/:guid",
    call: (t) => [`/v3/apps/${t.app}`, labels],
    shape: shapes.app,
    refusal: unknownField,
  }),
  core({
    name: "DELETE /v3/apps/:guid",
    call: async (t) => `/v3/apps/${await newApp(t)}`,
    status: 202,
    refusal: noApp,
  }),
  ...["start", "stop", "restart"].map((action) =>
    core({
      name: `POST /v3/apps/:guid/actions/${action}`,
      call: async (t) => [`/v3/apps/${await startable(t)}/actions/${action}`, undefined],
      shape: shapes.app,
      refusal: noApp,
    }),
  ),
  core({
    name: "POST /v3/apps/:guid/actions/clear_buildpack_cache",
    call: (t) => [`/v3/apps/${t.app}/actions/clear_buildpack_cache`, undefined],
    status: 202,
    refusal: noApp,
  }),
  core({
    name: "GET /v3/apps/:guid/env",
    call: (t) => `/v3/apps/${t.app}/env`,
    shape: shapes.environment,
    refusal: noApp,
  }),
  core({
    name: "GET /v3/apps/:guid/permissions",
    call: (t) => `/v3/apps/${t.app}/permissions`,
    shape: shapes.appPermissions,
    refusal: noApp,
  }),
  core({
    name: "GET /v3/apps/:guid/builds",
    call: (t) => `/v3/apps/${t.app}/builds`,
    shape: shapes.some(shapes.build),
    refusal: noApp,
  }),
  core({
    name: "GET /v3/apps/:guid/relationships/current_droplet",
    call: (t) => `/v3/apps/${t.app}/relationships/current_droplet`,
    shape: shapes.toOne,
    refusal: noApp,
  }),
  core({
    name: "PATCH /v3/apps/:guid/relationships/current_droplet",
    call: (t) => [`/v3/apps/${t.app}/relationships/current_droplet`, to(t.droplet)],
    shape: shapes.toOne,
    refusal: refuses(
      422,
      /^Unable to assign current droplet\. Ensure the droplet exists and belongs to this app\.$/,
      (t) => [`/v3/apps/${t.app}/relationships/current_droplet`, to("nobody")],
    ),
  }),
  core({
    name: "GET /v3/apps/:guid/droplets/current",
    call: (t) => `/v3/apps/${t.app}/droplets/current`,
    shape: shapes.droplet,
    refusal: refuses(
      404,
      /^Droplet not found$/,
      async (t) => `/v3/apps/${await newApp(t)}/droplets/current`,
    ),
  }),
  core({
    name: "GET /v3/apps/:guid/environment_variables",
    call: (t) => `/v3/apps/${t.app}/environment_variables`,
    shape: shapes.appVariables,
    refusal: noApp,
  }),
  core({
    name: "PATCH /v3/apps/:guid/environment_variables",
    call: (t) => [`/v3/apps/${t.app}/environment_variables`, { var: { SEEN: "yes" } }],
    shape: shapes.appVariables,
    refusal: refuses(
      422,
      /^Non-string value in environment variable for key 'SEEN', value '1'$/,
      (t) => [`/v3/apps/${t.app}/environment_variables`, { var: { SEEN: 1 } }],
    ),
  }),
];

const featuresAndManifests: readonly Endpoint[] = [
  core({
    name: "GET /v3/apps/:guid/features",
    call: (t) => `/v3/apps/${t.app}/features`,
    shape: z.strictObject({
      resources: z.array(shapes.feature).min(4),
      pagination: z.looseObject({}),
    }),
    refusal: noApp,
  }),
  core({
    name: "GET /v3/apps/:guid/features/:name",
    call: (t) => `/v3/apps/${t.app}/features/ssh`,
    shape: shapes.feature,
    refusal: refuses(404, /^Feature not found$/, (t) => `/v3/apps/${t.app}/features/nope`),
  }),
  core({
    name: "PATCH /v3/apps/:guid/features/:name",
    call: (t) => [`/v3/apps/${t.app}/features/ssh`, { enabled: true }],
    shape: shapes.feature,
    refusal: refuses(422, /^Enabled must be a boolean$/, (t) => [
      `/v3/apps/${t.app}/features/ssh`,
      { enabled: "yes" },
    ]),
  }),
  core({
    name: "GET /v3/apps/:guid/ssh_enabled",
    call: (t) => `/v3/apps/${t.app}/ssh_enabled`,
    shape: shapes.sshEnabled,
    refusal: noApp,
  }),
  core({
    name: "GET /v3/apps/:guid/manifest",
    call: (t) => `/v3/apps/${t.app}/manifest`,
    shape: z.string().regex(/^---\napplications:\n/),
    refusal: noApp,
  }),
  core({
    name: "POST /v3/spaces/:guid/actions/apply_manifest",
    call: (t) => [
      `/v3/spaces/${t.space}/actions/apply_manifest`,
      "applications:\n- name: demo\n  metadata: { labels: { seen: yes-too } }\n",
    ],
    status: 202,
    refusal: refuses(422, /^Cannot parse manifest with no 'applications' field\.$/, (t) => [
      `/v3/spaces/${t.space}/actions/apply_manifest`,
      "version: 1\n",
    ]),
  }),
  core({
    name: "POST /v3/spaces/:guid/manifest_diff",
    call: (t) => [
      `/v3/spaces/${t.space}/manifest_diff`,
      "applications:\n- name: demo\n  memory: 128M\n",
    ],
    status: 201,
    shape: shapes.diff,
    refusal: refuses(422, /^Cannot parse manifest with no 'applications' field\.$/, (t) => [
      `/v3/spaces/${t.space}/manifest_diff`,
      "version: 1\n",
    ]),
  }),
];

const noProcess = absent("Process");
const scaled = { instances: 1 };

const processes: readonly Endpoint[] = [
  core({
    name: "GET /v3/processes",
    call: () => "/v3/processes",
    shape: shapes.some(shapes.process),
    refusal: unknownQuery,
  }),
  core({
    name: "GET /v3/processes/:guid",
    call: (t) => `/v3/processes/${t.process}`,
    shape: shapes.process,
    refusal: noProcess,
  }),
  core({
    name: "PATCH /v3/processes/:guid",
    call: (t) => [`/v3/processes/${t.process}`, labels],
    shape: shapes.process,
    refusal: unknownField,
  }),
  core({
    name: "GET /v3/processes/:guid/stats",
    call: async (t) => await runningStats(t, `/v3/processes/${t.process}/stats`),
    shape: shapes.stats,
    refusal: noProcess,
  }),
  core({
    name: "GET /v3/processes/:guid/process_instances",
    call: (t) => `/v3/processes/${t.process}/process_instances`,
    shape: shapes.processInstances,
    refusal: noProcess,
  }),
  core({
    name: "POST /v3/processes/:guid/actions/scale",
    call: (t) => [`/v3/processes/${t.process}/actions/scale`, scaled],
    status: 202,
    shape: shapes.process,
    refusal: refuses(422, /^Instances must be greater than or equal to 0$/, (t) => [
      `/v3/processes/${t.process}/actions/scale`,
      { instances: -1 },
    ]),
  }),
  core({
    name: "DELETE /v3/processes/:guid/instances/:index",
    call: (t) => `/v3/processes/${t.process}/instances/0`,
    status: 204,
    refusal: refuses(404, /^Instance not found$/, (t) => `/v3/processes/${t.process}/instances/7`),
  }),
  core({
    name: "GET /v3/apps/:guid/processes",
    call: (t) => `/v3/apps/${t.app}/processes`,
    shape: shapes.some(shapes.process),
    refusal: noApp,
  }),
  core({
    name: "GET /v3/apps/:guid/processes/:type",
    call: (t) => `/v3/apps/${t.app}/processes/web`,
    shape: shapes.process,
    refusal: refuses(404, /^Process not found$/, (t) => `/v3/apps/${t.app}/processes/nope`),
  }),
  core({
    name: "PATCH /v3/apps/:guid/processes/:type",
    call: (t) => [`/v3/apps/${t.app}/processes/web`, labels],
    shape: shapes.process,
    refusal: unknownField,
  }),
  core({
    name: "GET /v3/apps/:guid/processes/:type/stats",
    call: async (t) => await runningStats(t, `/v3/apps/${t.app}/processes/web/stats`),
    shape: shapes.stats,
    refusal: refuses(404, /^Process not found$/, (t) => `/v3/apps/${t.app}/processes/nope/stats`),
  }),
  core({
    name: "POST /v3/apps/:guid/processes/:type/actions/scale",
    call: (t) => [`/v3/apps/${t.app}/processes/web/actions/scale`, scaled],
    status: 202,
    shape: shapes.process,
    refusal: unknownField,
  }),
  core({
    name: "DELETE /v3/apps/:guid/processes/:type/instances/:index",
    call: (t) => `/v3/apps/${t.app}/processes/web/instances/0`,
    status: 204,
    refusal: refuses(
      404,
      /^Instance not found$/,
      (t) => `/v3/apps/${t.app}/processes/web/instances/7`,
    ),
  }),
];

/** Waits until its only instance runs and has been measured; until then the answer is shorter. */
async function runningStats(t: Things, path: string): Promise<string> {
  await shows(t.world, path, ({ resources }) =>
    resources.every(
      (each: { state: string; usage?: { mem?: number } }) =>
        each.state === "RUNNING" && each.usage?.mem !== undefined,
    ),
  );
  return path;
}

/** An app with a droplet of the demo's. */
async function startable(t: Things): Promise<string> {
  const app = await newApp(t);
  const { json } = await t.world.api("POST", `/v3/droplets?source_guid=${t.droplet}`, {
    relationships: { app: to(app) },
  });
  await shows(t.world, `/v3/droplets/${json.guid}`, ({ state }) => state === "STAGED");
  await t.world.api("PATCH", `/v3/apps/${app}/relationships/current_droplet`, to(json.guid));
  // Nothing is to run for it.
  await t.world.api("POST", `/v3/apps/${app}/processes/web/actions/scale`, { instances: 0 });
  return app;
}

export const coreApps: readonly Endpoint[] = [...apps, ...featuresAndManifests, ...processes];
