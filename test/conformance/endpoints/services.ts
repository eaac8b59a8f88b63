import { z } from "zod";
import { to } from "../look-up.ts";
import {
  unknownQuery,
  unprocessableQuery,
  type Call,
  type Endpoint,
  type Refusal,
} from "./endpoint.ts";
import { list } from "./shapes.ts";
import type { Things } from "./things.ts";

// The services group of a Cloud Controller without any service: lists are empty, single things are not there, and what
// would make one is refused for what it refers to.

const nobody = "00000000-0000-4000-8000-000000000000";

function refusal(code: number, title: string, detail: RegExp): z.ZodType {
  return z.strictObject({
    errors: z.tuple([
      z.strictObject({
        code: z.literal(code),
        title: z.literal(title),
        detail: z.string().regex(detail),
      }),
    ]),
  });
}

const services = (endpoint: Omit<Endpoint, "group">): Endpoint => ({
  group: "services",
  ...endpoint,
});

const emptyList = (
  collection: string,
  { isPublic = false, badQuery = unknownQuery }: { isPublic?: boolean; badQuery?: Refusal } = {},
) =>
  services({
    name: `GET /v3/${collection}`,
    call: () => `/v3/${collection}`,
    status: 200,
    shape: list(z.never()),
    refusal: badQuery,
    isPublic,
  });

/** Methods and paths below one thing; what is not there is not there whatever is asked of it. */
function notThere(resource: string, collection: string, requests: string): readonly Endpoint[] {
  return requests.split(", ").map((request) => {
    const [method = "", below = ""] = request.split(" ");
    return services({
      name: `${method} /v3/${collection}/:guid${below}`,
      call: (): Call => {
        const path = `/v3/${collection}/${nobody}${below.replace(/:\w+/, nobody)}`;
        return method === "POST" || method === "PATCH" ? [path, {}] : path;
      },
      status: 404,
      shape: refusal(10010, "CF-ResourceNotFound", new RegExp(`^${resource} not found$`)),
    });
  });
}

const refusedCreation = (
  collection: string,
  detail: RegExp,
  body: (things: Things) => object,
): Endpoint =>
  services({
    name: `POST /v3/${collection}`,
    call: (t) => [`/v3/${collection}`, body(t)],
    status: 422,
    shape: refusal(10008, "CF-UnprocessableEntity", detail),
  });

export const serviceEndpoints: readonly Endpoint[] = [
  emptyList("service_brokers"),
  refusedCreation("service_brokers", /not supported/, () => ({
    name: "broker",
    url: "https://broker.example.com",
    authentication: { type: "basic", credentials: { username: "u", password: "p" } },
  })),
  ...notThere("Service broker", "service_brokers", "GET, PATCH, DELETE"),
  emptyList("service_offerings", { isPublic: true }),
  ...notThere("Service offering", "service_offerings", "GET, PATCH, DELETE"),
  emptyList("service_plans", { isPublic: true }),
  ...notThere("Service plan", "service_plans", "GET, PATCH, DELETE"),
  ...notThere(
    "Service plan",
    "service_plans",
    "GET /visibility, PATCH /visibility, POST /visibility, DELETE /visibility/:organization_guid",
  ),
  emptyList("service_instances"),
  refusedCreation("service_instances", /^Invalid service plan\. Ensure that/, (t) => ({
    type: "managed",
    name: "made",
    relationships: { space: to(t.space), service_plan: to(nobody) },
  })),
  ...notThere("Service instance", "service_instances", "GET, PATCH, DELETE"),
  ...notThere(
    "Service instance",
    "service_instances",
    "GET /credentials, GET /parameters, GET /permissions, GET /relationships/shared_spaces, GET /relationships/shared_spaces/usage_summary, POST /relationships/shared_spaces, DELETE /relationships/shared_spaces/:space_guid",
  ),
  emptyList("service_credential_bindings"),
  refusedCreation(
    "service_credential_bindings",
    /^The service instance could not be found: /,
    (t) => ({
      type: "app",
      relationships: { app: to(t.app), service_instance: to(nobody) },
    }),
  ),
  ...notThere(
    "Service credential binding",
    "service_credential_bindings",
    "GET, PATCH, DELETE, GET /details, GET /parameters",
  ),
  emptyList("service_route_bindings"),
  refusedCreation("service_route_bindings", /^The service instance could not be found: /, (t) => ({
    relationships: { route: to(t.route), service_instance: to(nobody) },
  })),
  ...notThere(
    "Service route binding",
    "service_route_bindings",
    "GET, PATCH, DELETE, GET /parameters",
  ),
  emptyList("service_usage_events", { badQuery: unprocessableQuery("service_usage_events") }),
  ...notThere("Service usage event", "service_usage_events", "GET"),
  services({
    name: "POST /v3/service_usage_events/actions/destructively_purge_all_and_reseed",
    call: () => ["/v3/service_usage_events/actions/destructively_purge_all_and_reseed", undefined],
    status: 200,
  }),
];
