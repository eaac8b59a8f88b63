import { core, labels } from "./core-apps.ts";
import { absent, refuses, unknownField, unknownQuery, type Endpoint } from "./endpoint.ts";
import * as shapes from "./shapes.ts";
import { newApp, type Things } from "./things.ts";

const noApp = absent("App");

const run = (t: Things, command: string) =>
  t.made(`apps/${t.app}/tasks`, { command, memory_in_mb: 32 });

const noTask = absent("Task");

const tasks: readonly Endpoint[] = [
  core({
    name: "POST /v3/apps/:guid/tasks",
    call: (t) => [`/v3/apps/${t.app}/tasks`, { command: "true", memory_in_mb: 32 }],
    status: 202,
    shape: shapes.task,
    refusal: refuses(422, /No command or template provided/, (t) => [
      `/v3/apps/${t.app}/tasks`,
      {},
    ]),
  }),
  core({
    name: "GET /v3/apps/:guid/tasks",
    call: (t) => `/v3/apps/${t.app}/tasks`,
    shape: shapes.some(shapes.task),
    refusal: noApp,
  }),
  core({
    name: "GET /v3/tasks",
    call: () => "/v3/tasks",
    shape: shapes.some(shapes.task),
    refusal: unknownQuery,
  }),
  core({
    name: "GET /v3/tasks/:guid",
    call: async (t) => `/v3/tasks/${await t.first("/v3/tasks")}`,
    shape: shapes.task,
    refusal: noTask,
  }),
  core({
    name: "PATCH /v3/tasks/:guid",
    call: async (t) => [`/v3/tasks/${await t.first("/v3/tasks")}`, labels],
    shape: shapes.task,
    refusal: unknownField,
  }),
  core({
    name: "POST /v3/tasks/:guid/actions/cancel",
    call: async (t) => [`/v3/tasks/${await run(t, "sleep 1000")}/actions/cancel`, undefined],
    status: 202,
    shape: shapes.task,
    refusal: noTask,
  }),
  core({
    name: "PUT /v3/tasks/:guid/cancel",
    call: async (t) => [`/v3/tasks/${await run(t, "sleep 1000")}/cancel`, undefined],
    status: 202,
    shape: shapes.task,
    refusal: noTask,
  }),
];

const newSidecar = async (t: Things, app?: string) =>
  await t.made(`apps/${app ?? (await newApp(t))}/sidecars`, {
    name: t.name(),
    command: "sleep 1000",
    process_types: ["web"],
  });

const noSidecar = absent("Sidecar");

const sidecars: readonly Endpoint[] = [
  core({
    name: "POST /v3/apps/:guid/sidecars",
    call: async (t) => [
      `/v3/apps/${await newApp(t)}/sidecars`,
      { name: "beside", command: "sleep 1000", process_types: ["web"], memory_in_mb: 16 },
    ],
    status: 201,
    shape: shapes.sidecar,
    refusal: unknownField,
  }),
  core({
    name: "GET /v3/apps/:guid/sidecars",
    call: async (t) => {
      const app = await newApp(t);
      await newSidecar(t, app);
      return `/v3/apps/${app}/sidecars`;
    },
    shape: shapes.some(shapes.sidecar),
    refusal: noApp,
  }),
  core({
    name: "GET /v3/processes/:guid/sidecars",
    call: async (t) => {
      const app = await newApp(t);
      await newSidecar(t, app);
      return `/v3/processes/${app}/sidecars`;
    },
    shape: shapes.some(shapes.sidecar),
    refusal: absent("Process"),
  }),
  core({
    name: "GET /v3/sidecars/:guid",
    call: async (t) => `/v3/sidecars/${await newSidecar(t)}`,
    shape: shapes.sidecar,
    refusal: noSidecar,
  }),
  core({
    name: "PATCH /v3/sidecars/:guid",
    call: async (t) => [`/v3/sidecars/${await newSidecar(t)}`, { command: "sleep 2000" }],
    shape: shapes.sidecar,
    refusal: unknownField,
  }),
  core({
    name: "DELETE /v3/sidecars/:guid",
    call: async (t) => `/v3/sidecars/${await newSidecar(t)}`,
    status: 204,
    refusal: noSidecar,
  }),
];

export const coreTasks: readonly Endpoint[] = [...tasks, ...sidecars];
