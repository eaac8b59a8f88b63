import assert from "node:assert/strict";
import { to } from "../look-up.ts";
import { zipOf } from "../push.ts";
import { shows } from "../world.ts";
import { core, labels } from "./core-apps.ts";
import { absent, refuses, unknownField, unknownQuery, type Endpoint } from "./endpoint.ts";
import * as shapes from "./shapes.ts";
import { newApp, newDroplet, type Things } from "./things.ts";

const noApp = absent("App");

const builds: readonly Endpoint[] = [
  core({
    name: "GET /v3/builds",
    call: () => "/v3/builds",
    shape: shapes.some(shapes.build),
    refusal: unknownQuery,
  }),
  core({
    name: "POST /v3/builds",
    call: (t) => ["/v3/builds", { package: { guid: t.package } }],
    status: 201,
    shape: shapes.build,
    refusal: refuses(
      422,
      /^Unable to use package\. Ensure that the package exists and you have access to it\.$/,
      () => ["/v3/builds", { package: { guid: "nobody" } }],
    ),
  }),
  core({
    name: "GET /v3/builds/:guid",
    call: (t) => `/v3/builds/${t.build}`,
    shape: shapes.build,
    refusal: absent("Build"),
  }),
  core({
    name: "PATCH /v3/builds/:guid",
    call: (t) => [`/v3/builds/${t.build}`, labels],
    shape: shapes.build,
    refusal: unknownField,
  }),
];

const noDroplet = absent("Droplet");

const droplets: readonly Endpoint[] = [
  core({
    name: "GET /v3/droplets",
    call: () => "/v3/droplets",
    shape: shapes.some(shapes.droplet),
    refusal: unknownQuery,
  }),
  core({
    name: "POST /v3/droplets",
    call: async (t) => ["/v3/droplets", { relationships: { app: to(await newApp(t)) } }],
    status: 201,
    shape: shapes.droplet,
    refusal: unknownField,
  }),
  core({
    name: "GET /v3/droplets/:guid",
    call: (t) => `/v3/droplets/${t.droplet}`,
    shape: shapes.droplet,
    refusal: noDroplet,
  }),
  core({
    name: "PATCH /v3/droplets/:guid",
    call: (t) => [`/v3/droplets/${t.droplet}`, labels],
    shape: shapes.droplet,
    refusal: unknownField,
  }),
  core({
    name: "DELETE /v3/droplets/:guid",
    call: async (t) => `/v3/droplets/${await newDroplet(t)}`,
    status: 202,
    refusal: refuses(422, /^The droplet is currently used by/, (t) => `/v3/droplets/${t.droplet}`),
  }),
  core({
    name: "POST /v3/droplets/:guid/upload",
    call: async (t) => [`/v3/droplets/${await newDroplet(t)}/upload`, dropletForm("made.tgz")],
    status: 202,
    shape: shapes.droplet,
    refusal: refuses(422, /made\.zip is not a tgz/, async (t) => [
      `/v3/droplets/${await newDroplet(t)}/upload`,
      dropletForm("made.zip"),
    ]),
  }),
  core({
    name: "GET /v3/droplets/:guid/download",
    call: (t) => `/v3/droplets/${t.droplet}/download`,
    status: 302,
    refusal: refuses(
      422,
      /^Only staged droplets can be downloaded\.$/,
      async (t) => `/v3/droplets/${await newDroplet(t)}/download`,
    ),
  }),
  core({
    name: "GET /v3/apps/:guid/droplets",
    call: (t) => `/v3/apps/${t.app}/droplets`,
    shape: shapes.some(shapes.droplet),
    refusal: noApp,
  }),
  core({
    name: "GET /v3/packages/:guid/droplets",
    call: (t) => `/v3/packages/${t.package}/droplets`,
    shape: shapes.some(shapes.droplet),
    refusal: absent("Package"),
  }),
];

function dropletForm(name: string): FormData {
  const form = new FormData();
  form.set("bits", new Blob([Buffer.from("H4sIAAAAAAAAAwMAAAAAAAAAAAA=", "base64")]), name);
  return form;
}

async function pausedCanary(t: Things): Promise<string> {
  const guid = await t.made("deployments", {
    strategy: "canary",
    relationships: { app: to(t.app) },
  });
  await shows(t.world, `/v3/deployments/${guid}`, ({ status }) => status.reason === "PAUSED");
  return guid;
}

async function over(t: Things, guid: string): Promise<void> {
  await shows(t.world, `/v3/deployments/${guid}`, ({ status }) => status.value === "FINALIZED");
}

const deploymentsAndRevisions: readonly Endpoint[] = [
  core({
    name: "POST /v3/deployments",
    call: (t) => ["/v3/deployments", { relationships: { app: to(t.app) } }],
    status: 201,
    shape: shapes.deployment,
    refusal: refuses(422, /^Strategy 'nope' is not a supported deployment strategy$/, (t) => [
      "/v3/deployments",
      { strategy: "nope", relationships: { app: to(t.app) } },
    ]),
  }),
  core({
    name: "GET /v3/deployments",
    call: () => "/v3/deployments",
    shape: shapes.some(shapes.deployment),
    refusal: unknownQuery,
  }),
  core({
    name: "GET /v3/deployments/:guid",
    call: async (t) => {
      const guid = await t.first("/v3/deployments");
      await over(t, guid);
      return `/v3/deployments/${guid}`;
    },
    shape: shapes.deployment,
    refusal: absent("Deployment"),
  }),
  core({
    name: "PATCH /v3/deployments/:guid",
    call: async (t) => [`/v3/deployments/${await t.first("/v3/deployments")}`, labels],
    shape: shapes.deployment,
    refusal: unknownField,
  }),
  core({
    name: "POST /v3/deployments/:guid/actions/cancel",
    call: async (t) => [`/v3/deployments/${await pausedCanary(t)}/actions/cancel`, undefined],
    refusal: refuses(
      422,
      /^Cannot cancel a deployment with status: FINALIZED and reason: /,
      async (t) => [
        `/v3/deployments/${await t.first("/v3/deployments")}/actions/cancel`,
        undefined,
      ],
    ),
  }),
  core({
    name: "POST /v3/deployments/:guid/actions/continue",
    call: async (t) => [`/v3/deployments/${await pausedCanary(t)}/actions/continue`, undefined],
    refusal: refuses(
      422,
      /^Cannot continue a deployment with status: FINALIZED and reason: /,
      async (t) => [
        `/v3/deployments/${await t.first("/v3/deployments")}/actions/continue`,
        undefined,
      ],
    ),
  }),
  core({
    name: "GET /v3/apps/:guid/revisions",
    call: (t) => `/v3/apps/${t.app}/revisions`,
    shape: shapes.some(shapes.revision),
    refusal: noApp,
  }),
  core({
    name: "GET /v3/apps/:guid/revisions/deployed",
    call: (t) => `/v3/apps/${t.app}/revisions/deployed`,
    shape: shapes.some(shapes.revision),
    refusal: noApp,
  }),
  core({
    name: "GET /v3/revisions/:guid",
    call: async (t) => `/v3/revisions/${await t.first(`/v3/apps/${t.app}/revisions`)}`,
    shape: shapes.revision,
    refusal: absent("Revision"),
  }),
  core({
    name: "PATCH /v3/revisions/:guid",
    call: async (t) => [`/v3/revisions/${await t.first(`/v3/apps/${t.app}/revisions`)}`, labels],
    shape: shapes.revision,
    refusal: unknownField,
  }),
  core({
    name: "GET /v3/revisions/:guid/environment_variables",
    call: async (t) =>
      `/v3/revisions/${await t.first(`/v3/apps/${t.app}/revisions`)}/environment_variables`,
    shape: shapes.revisionVariables,
    refusal: absent("Revision"),
  }),
];

const newBuildpack = (t: Things) => t.made("buildpacks", { name: t.name() });
const newStack = (t: Things) => t.made("stacks", { name: t.name() });

const buildpacksAndStacks: readonly Endpoint[] = [
  core({
    name: "GET /v3/buildpacks",
    call: () => "/v3/buildpacks",
    shape: shapes.some(shapes.buildpack),
    refusal: unknownQuery,
  }),
  core({
    name: "POST /v3/buildpacks",
    call: (t) => ["/v3/buildpacks", { name: t.name() }],
    status: 201,
    shape: shapes.buildpack,
    refusal: unknownField,
  }),
  core({
    name: "GET /v3/buildpacks/:guid",
    call: async (t) => `/v3/buildpacks/${await t.first("/v3/buildpacks")}`,
    shape: shapes.buildpack,
    refusal: absent("Buildpack"),
  }),
  core({
    name: "PATCH /v3/buildpacks/:guid",
    call: async (t) => [`/v3/buildpacks/${await newBuildpack(t)}`, { ...labels, enabled: false }],
    shape: shapes.buildpack,
    refusal: unknownField,
  }),
  core({
    name: "DELETE /v3/buildpacks/:guid",
    call: async (t) => `/v3/buildpacks/${await newBuildpack(t)}`,
    status: 202,
    refusal: absent("Buildpack"),
  }),
  core({
    name: "POST /v3/buildpacks/:guid/upload",
    call: async (t) => {
      const form = new FormData();
      form.set("bits", await zipOf({ "bin/detect": "#!/bin/sh\nexit 1\n" }), "made.zip");
      return [`/v3/buildpacks/${await newBuildpack(t)}/upload`, form];
    },
    status: 202,
    shape: shapes.buildpack,
    refusal: absent("Buildpack"),
  }),
  core({
    name: "GET /v3/stacks",
    call: () => "/v3/stacks",
    shape: shapes.some(shapes.stack),
    refusal: unknownQuery,
  }),
  core({
    name: "POST /v3/stacks",
    call: (t) => ["/v3/stacks", { name: t.name(), description: "of the suite" }],
    status: 201,
    shape: shapes.stack,
    refusal: refuses(422, /^Name can't be blank$|^Name must be a string/, () => ["/v3/stacks", {}]),
  }),
  core({
    name: "GET /v3/stacks/:guid",
    call: async (t) => `/v3/stacks/${await t.first("/v3/stacks")}`,
    shape: shapes.stack,
    refusal: absent("Stack"),
  }),
  core({
    name: "PATCH /v3/stacks/:guid",
    call: async (t) => [`/v3/stacks/${await newStack(t)}`, { ...labels, state: "DEPRECATED" }],
    shape: shapes.stack,
    refusal: unknownField,
  }),
  core({
    name: "DELETE /v3/stacks/:guid",
    call: async (t) => `/v3/stacks/${await newStack(t)}`,
    status: 204,
    refusal: refuses(
      422,
      /^Cannot delete stack 'cflinuxfs4' because apps are currently using the stack\.$/,
      async (t) => `/v3/stacks/${await t.first("/v3/stacks?names=cflinuxfs4")}`,
    ),
  }),
  core({
    name: "GET /v3/stacks/:guid/apps",
    call: async (t) => `/v3/stacks/${await t.first("/v3/stacks?names=cflinuxfs4")}/apps`,
    shape: shapes.some(shapes.app),
    refusal: absent("Stack"),
  }),
];

const events: readonly Endpoint[] = [
  core({
    name: "GET /v3/jobs/:guid",
    call: async (t) => {
      const { headers } = await t.world.api("DELETE", `/v3/apps/${await newApp(t)}`);
      return new URL(headers.get("location") ?? assert.fail("no job")).pathname;
    },
    shape: shapes.job,
    refusal: absent("Job"),
  }),
  core({
    name: "GET /v3/app_usage_events",
    call: () => "/v3/app_usage_events",
    shape: shapes.some(shapes.appUsageEvent),
    // Cloud Controller answers 422 here, not 400.
    refusal: refuses(
      422,
      /^Unknown query parameter\(s\): 'nope'\./,
      () => "/v3/app_usage_events?nope=1",
    ),
  }),
  core({
    name: "GET /v3/app_usage_events/:guid",
    call: async (t) => `/v3/app_usage_events/${await t.first("/v3/app_usage_events")}`,
    shape: shapes.appUsageEvent,
    refusal: absent("App usage event"),
  }),
  core({
    name: "POST /v3/app_usage_events/actions/destructively_purge_all_and_reseed",
    call: () => ["/v3/app_usage_events/actions/destructively_purge_all_and_reseed", undefined],
  }),
  core({
    name: "GET /v3/audit_events",
    call: () => "/v3/audit_events",
    shape: shapes.some(shapes.auditEvent),
    refusal: unknownQuery,
  }),
  core({
    name: "GET /v3/audit_events/:guid",
    call: async (t) => `/v3/audit_events/${await t.first("/v3/audit_events")}`,
    shape: shapes.auditEvent,
    refusal: absent("Event"),
  }),
];

export const coreLifecycle: readonly Endpoint[] = [
  ...builds,
  ...droplets,
  ...deploymentsAndRevisions,
  ...buildpacksAndStacks,
  ...events,
];
