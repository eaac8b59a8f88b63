import { z } from "zod";
import type { Database } from "../database/schema.ts";
import { isEnabled, requireEnabled } from "../feature-flags/feature-flags.ts";
import { CfError, notFound, unprocessable } from "../http/cf-errors.ts";
import { anonymous, type ApiServer } from "../http/create-server.ts";
import type { Links } from "../http/links.ts";
import { parseListQuery } from "../http/list-query.ts";
import { presentPage } from "../http/page.ts";
import { parseMessage, relationshipsOf, toOneRelationship } from "../http/parse-message.ts";
import type { Permissions } from "../http/permissions.ts";
import { unprocessableQuery } from "../http/unprocessable-query.ts";
import { metadataSchema } from "../metadata/metadata.ts";
import { serviceCollections, singleServicePaths } from "./service-collections.ts";

interface ServiceRoutes {
  readonly db: Database;
  readonly links: Links;
  readonly permissions: Permissions;
}

/**
 * The services group of a platform without any service: empty lists, nothing to show, and what would make one is
 * refused as Cloud Controller refuses what refers to no broker, plan or instance.
 */
export function registerAbsentServices(app: ApiServer, context: ServiceRoutes): void {
  const { db, links } = context;
  for (const [name, spec] of Object.entries(serviceCollections)) {
    const path = `/v3/${name}`;
    app.get(path, spec.open === true ? anonymous : {}, async (request) => {
      if (
        spec.open === true &&
        request.headers.authorization === undefined &&
        (await isEnabled(db, "hide_marketplace_from_unauthenticated_users"))
      ) {
        throw new CfError("NotAuthenticated");
      }
      const parse = () => parseListQuery(request.query, spec);
      const list = spec.unprocessable === true ? unprocessableQuery(parse) : parse();
      return presentPage({ links, path, list, total: 0, resources: [] });
    });
  }
  for (const [method, path] of singleServicePaths) {
    const collection = path.slice(0, path.indexOf("/"));
    app.route({
      method,
      url: `/v3/${path}`,
      handler: () => Promise.reject(notFound(serviceCollections[collection]?.one ?? "Resource")),
    });
  }
  registerCreations(app, context);
  app.post(
    "/v3/service_usage_events/actions/destructively_purge_all_and_reseed",
    async (request, reply) => {
      if (!request.auth.isAdmin) throw new CfError("NotAuthorized");
      return await reply.send();
    },
  );
}

const metadata = metadataSchema.optional();
const parameters = z.record(z.string(), z.unknown()).nullish();
const instanceTypes = "Type must be one of 'managed', 'user-provided'";

const instanceMessage = z.discriminatedUnion(
  "type",
  [
    z.strictObject({
      type: z.literal("managed"),
      name: z.string().min(1, { error: "can't be blank" }),
      relationships: relationshipsOf({
        space: toOneRelationship("space"),
        service_plan: toOneRelationship("service_plan"),
      }),
      tags: z.array(z.string({ error: "must be a list of strings" })).nullish(),
      parameters,
      metadata,
    }),
    z.looseObject({
      type: z.literal("user-provided"),
      name: z.string().min(1, { error: "can't be blank" }),
      relationships: relationshipsOf({ space: toOneRelationship("space") }),
    }),
  ],
  { error: instanceTypes },
);

const bindingMessage = z.strictObject({
  type: z.enum(["app", "key"], { error: "must be 'app' or 'key'" }),
  strategy: z.enum(["single", "multiple"], { error: "must be 'single' or 'multiple'" }).nullish(),
  name: z.string().nullish(),
  relationships: relationshipsOf({
    service_instance: toOneRelationship("service_instance"),
    app: toOneRelationship("app").optional(),
  }),
  parameters,
  metadata,
});

const routeBindingMessage = z.strictObject({
  relationships: relationshipsOf({
    service_instance: toOneRelationship("service_instance"),
    route: toOneRelationship("route"),
  }),
  parameters,
  metadata,
});

function registerCreations(app: ApiServer, { db, permissions }: ServiceRoutes): void {
  app.post("/v3/service_instances", async (request) => {
    if (!request.auth.isAdmin) await requireEnabled(db, "service_instance_creation");
    const { type, relationships } = parseMessage(instanceMessage, request.body);
    const place = { spaceGuid: relationships.space.data.guid };
    const space = await db
      .selectFrom("spaces")
      .select("guid")
      .where("guid", "=", place.spaceGuid)
      .executeTakeFirst();
    if (space === undefined || !(await permissions.can(request.auth, "space.read", place))) {
      throw unprocessable("Invalid space. Ensure that the space exists and you have access to it.");
    }
    await permissions.require(request.auth, "space.write", { name: "Space", place });
    throw unprocessable(
      type === "managed"
        ? "Invalid service plan. Ensure that the service plan exists, is available, and you have access to it."
        : "User-provided service instances are not supported by this platform.",
    );
  });
  for (const [name, schema] of [
    ["service_credential_bindings", bindingMessage],
    ["service_route_bindings", routeBindingMessage],
  ] as const) {
    app.post(`/v3/${name}`, async (request) => {
      const { relationships } = parseMessage(schema, request.body);
      const { guid } = relationships.service_instance.data;
      throw unprocessable(`The service instance could not be found: '${guid}'`);
    });
  }
  app.post("/v3/service_brokers", async (request) => {
    if (!request.auth.isAdmin) throw new CfError("NotAuthorized");
    throw unprocessable("Service brokers are not supported by this platform.");
  });
}
