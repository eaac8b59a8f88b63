/** What the route-emitter may know of the router: `router.register` and `router.unregister`, sent over HTTP. */
export interface RouterClient {
  /** Endpoints not registered again within 120 s are pruned. */
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
}
