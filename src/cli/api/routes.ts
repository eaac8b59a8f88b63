import { z } from "zod";
import { isUnprocessable } from "./api-error.ts";
import type { CloudController, Query } from "./cloud-controller.ts";
import { jobOf, type JobUrl } from "./jobs.ts";

const routeSchema = z.object({
  guid: z.string(),
  host: z.string().nullish(),
  path: z.string().nullish(),
  port: z.number().nullish(),
  protocol: z.string().nullish(),
  url: z.string(),
  destinations: z
    .array(
      z.object({
        guid: z.string().nullish(),
        app: z.object({
          guid: z.string().nullish(),
          process: z.object({ type: z.string() }).nullish(),
        }),
        port: z.number().nullish(),
        protocol: z.string().nullish(),
      }),
    )
    .default([]),
  options: z.record(z.string(), z.unknown()).nullish(),
  relationships: z.object({ space: z.object({ data: z.object({ guid: z.string() }) }) }).optional(),
});

export type Route = z.infer<typeof routeSchema>;

const domainSchema = z.object({
  guid: z.string(),
  name: z.string(),
  supported_protocols: z.array(z.string()).nullish(),
});

export type Domain = z.infer<typeof domainSchema>;

/** What tells one route of a domain from another. */
export interface RouteAddress {
  readonly hostname: string;
  /** With its leading slash, or empty. */
  readonly path: string;
  readonly port: number | undefined;
}

export async function findDomain(cc: CloudController, name: string): Promise<Domain | undefined> {
  return await cc.first("/v3/domains", domainSchema, { names: name });
}

export async function listRoutes(cc: CloudController, query: Query): Promise<Route[]> {
  return await cc.list("/v3/routes", routeSchema, query);
}

export async function listRoutesOfApp(cc: CloudController, appGuid: string): Promise<Route[]> {
  return await cc.list(`/v3/apps/${appGuid}/routes`, routeSchema);
}

export async function findRoute(
  cc: CloudController,
  domain: Domain,
  address: RouteAddress,
): Promise<Route | undefined> {
  const isTcp = domain.supported_protocols?.includes("tcp") === true;
  return await cc.first("/v3/routes", routeSchema, {
    domain_guids: domain.guid,
    hosts: address.hostname,
    paths: address.path,
    ports: isTcp ? String(address.port ?? 0) : undefined,
  });
}

/** The new route, or the API's words where there is one already. */
export async function createRoute(
  cc: CloudController,
  where: { readonly spaceGuid: string; readonly domainGuid: string },
  address: RouteAddress & { readonly options: Readonly<Record<string, string>> },
): Promise<Route | { alreadyExists: string }> {
  const body = {
    relationships: {
      space: { data: { guid: where.spaceGuid } },
      domain: { data: { guid: where.domainGuid } },
    },
    ...(address.hostname === "" ? {} : { host: address.hostname }),
    ...(address.path === "" ? {} : { path: address.path }),
    ...(address.port === undefined ? {} : { port: address.port }),
    ...(Object.keys(address.options).length === 0 ? {} : { options: address.options }),
  };
  try {
    return await cc.post("/v3/routes", body, routeSchema);
  } catch (error) {
    if (isUnprocessable(error, /Route already exists/)) return { alreadyExists: error.detail };
    throw error;
  }
}

export async function deleteRoute(cc: CloudController, guid: string): Promise<JobUrl | undefined> {
  return jobOf(await cc.call("DELETE", `/v3/routes/${guid}`));
}

export async function addDestination(
  cc: CloudController,
  routeGuid: string,
  destination: { readonly appGuid: string; readonly protocol?: string; readonly port?: number },
): Promise<void> {
  const { appGuid, ...rest } = destination;
  const body = { destinations: [{ app: { guid: appGuid }, ...rest }] };
  await cc.post(`/v3/routes/${routeGuid}/destinations`, body, z.unknown());
}

export async function removeDestination(
  cc: CloudController,
  routeGuid: string,
  destinationGuid: string,
): Promise<void> {
  await cc.call("DELETE", `/v3/routes/${routeGuid}/destinations/${destinationGuid}`);
}

const bindingsSchema = z.object({
  resources: z.array(
    z.object({
      relationships: z.object({
        route: z.object({ data: z.object({ guid: z.string() }) }),
        service_instance: z.object({ data: z.object({ guid: z.string() }) }),
      }),
    }),
  ),
  included: z
    .object({
      service_instances: z.array(z.object({ guid: z.string(), name: z.string() })).optional(),
    })
    .optional(),
});

/** Names of the service instances that routes are bound to, by route guid. */
export async function routeServiceNames(
  cc: CloudController,
  routeGuids: readonly string[],
): Promise<Map<string, string>> {
  const bindings = await cc.get("/v3/service_route_bindings", bindingsSchema, {
    query: { include: "service_instance", route_guids: routeGuids },
  });
  const names = new Map(
    bindings.included?.service_instances?.map(({ guid, name }) => [guid, name]) ?? [],
  );
  return new Map(
    bindings.resources.map(({ relationships: { route, service_instance: instance } }) => [
      route.data.guid,
      names.get(instance.data.guid) ?? "",
    ]),
  );
}
