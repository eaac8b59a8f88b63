import { z } from "zod";
import { to } from "../look-up.ts";
import { zipOf } from "../push.ts";
import { core, labels } from "./core-apps.ts";
import { absent, refuses, unknownField, unknownQuery, type Endpoint } from "./endpoint.ts";
import * as shapes from "./shapes.ts";
import { newApp, newPackage } from "./things.ts";

const noPackage = absent("Package");

export const corePackages: readonly Endpoint[] = [
  core({
    name: "GET /v3/packages",
    call: () => "/v3/packages",
    shape: shapes.some(shapes.packageOfBits),
    refusal: unknownQuery,
  }),
  core({
    name: "POST /v3/packages",
    call: async (t) => [
      "/v3/packages",
      { type: "bits", relationships: { app: to(await newApp(t)) } },
    ],
    status: 201,
    shape: shapes.packageOfBits,
    refusal: unknownField,
  }),
  core({
    name: "GET /v3/packages/:guid",
    call: (t) => `/v3/packages/${t.package}`,
    shape: shapes.packageOfBits,
    refusal: noPackage,
  }),
  core({
    name: "PATCH /v3/packages/:guid",
    call: (t) => [`/v3/packages/${t.package}`, labels],
    shape: shapes.packageOfBits,
    refusal: unknownField,
  }),
  core({
    name: "DELETE /v3/packages/:guid",
    call: async (t) => `/v3/packages/${await newPackage(t)}`,
    status: 202,
    refusal: noPackage,
  }),
  core({
    name: "POST /v3/packages/:guid/upload",
    call: async (t) => {
      const form = new FormData();
      form.set("bits", await zipOf({ Procfile: "web: true\n" }), "package.zip");
      return [`/v3/packages/${await newPackage(t)}/upload`, form];
    },
    shape: shapes.packageOfBits,
    refusal: refuses(422, /^Upload must include either resources or bits$/, async (t) => [
      `/v3/packages/${await newPackage(t)}/upload`,
      new FormData(),
    ]),
  }),
  core({
    name: "GET /v3/packages/:guid/download",
    call: (t) => `/v3/packages/${t.package}/download`,
    status: 302,
    refusal: refuses(
      422,
      /^Package has no bits to download\.$/,
      async (t) => `/v3/packages/${await newPackage(t)}/download`,
    ),
  }),
  core({
    name: "GET /v3/apps/:guid/packages",
    call: (t) => `/v3/apps/${t.app}/packages`,
    shape: shapes.some(shapes.packageOfBits),
    refusal: absent("App"),
  }),
  core({
    name: "POST /v3/resource_matches",
    call: () => [
      "/v3/resource_matches",
      {
        resources: [
          { checksum: { value: "a".repeat(40) }, size_in_bytes: 70_000, path: "a", mode: "644" },
        ],
      },
    ],
    status: 201,
    shape: z.strictObject({ resources: z.array(z.never()) }),
    refusal: refuses(422, /must have at least 1 resource/, () => [
      "/v3/resource_matches",
      { resources: [] },
    ]),
  }),
];
