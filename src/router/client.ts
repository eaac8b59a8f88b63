import type { Clock } from "#kernel/clock/clock.ts";
import { withDeadline } from "#kernel/clock/deadline.ts";
import { internalHeaders, type InternalSecret } from "#kernel/http/internal-auth.ts";
import { requestIdHeaders } from "#kernel/http/request-id.ts";

/** What the route-emitter may know of the router: `router.register` and `router.unregister`, sent over HTTP. */
export interface RouterClient {
  /** Endpoints not registered again within 120 s are pruned. An empty list says that the emitter lives. */
  register(registrations: readonly RouteRegistration[]): Promise<void>;
  unregister(registrations: readonly RouteRegistration[]): Promise<void>;
}

/** The message of `router.register` (routing-release), field by field. */
export interface RouteRegistration {
  readonly host: string;
  readonly port: number;
  /** `host.domain`, or with a path `host.domain/a/b`. */
  readonly uris: readonly string[];
  readonly app: string;
  readonly private_instance_id: string;
  readonly private_instance_index: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly endpoint_updated_at_ns: number;
  /** Of the routes that `uris` names. */
  readonly options?: RouteOptions | undefined;
}

/** Per-route options, as Cloud Controller hands them to Diego. */
export interface RouteOptions {
  readonly loadbalancing?: string | undefined;
  readonly hash_header?: string | undefined;
  readonly hash_balance?: string | undefined;
  /** There where the route's domain enforces route policies. */
  readonly route_policy_scope?: string | undefined;
}

const requestTimeoutMs = 10_000;

/** Every method throws where the router cannot be reached, or refuses. */
export function createRouterClient(
  connection: { readonly url: string; readonly secret: InternalSecret },
  dependencies: { readonly clock: Clock },
): RouterClient {
  const post = (path: string, messages: readonly RouteRegistration[]): Promise<void> =>
    withDeadline({ clock: dependencies.clock, ms: requestTimeoutMs }, async (signal) => {
      const response = await fetch(`${connection.url}${path}`, {
        method: "POST",
        headers: {
          ...internalHeaders(connection.secret),
          ...requestIdHeaders(),
          "content-type": "application/json",
        },
        body: JSON.stringify(messages),
        signal,
      });
      const text = await response.text();
      if (response.ok) return;
      throw new Error(
        `Cannot tell the router: it answered ${response.status} to POST ${path}: ${text}`,
      );
    });
  return {
    register: (messages) => post("/v1/register", messages),
    unregister: (messages) => post("/v1/unregister", messages),
  };
}
