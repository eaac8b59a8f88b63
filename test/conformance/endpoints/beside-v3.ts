import { z } from "zod";
import type { Call, Endpoint } from "./endpoint.ts";
import type { Things } from "./things.ts";

const link = z.looseObject({ href: z.string() });

const beside: readonly Endpoint[] = [
  {
    group: "beside the V3 API",
    name: "GET /",
    call: () => "/",
    status: 200,
    isPublic: true,
    shape: z.strictObject({
      links: z.looseObject({
        self: link,
        cloud_controller_v3: link.extend({
          meta: z.strictObject({ version: z.string().regex(/^3\.\d+\.\d+$/) }),
        }),
        login: link,
        uaa: link,
        log_cache: link,
      }),
    }),
  },
  {
    group: "beside the V3 API",
    name: "GET /healthz",
    call: () => "/healthz",
    status: 200,
    isPublic: true,
    shape: z.string(),
  },
];

const uaa = (
  name: string,
  call: (things: Things, root: string) => Promise<Call> | Call,
  rest: Omit<Endpoint, "group" | "name" | "call" | "status"> & { readonly status?: number },
): Endpoint => ({
  group: "uaa",
  name,
  call: (things) => call(things, things.world.platform.addresses.uaa),
  status: 200,
  ...rest,
});

const asCf = () => `Basic ${btoa("cf:")}`;
const prompts = z.looseObject({
  app: z.strictObject({ version: z.string() }),
  prompts: z.record(z.string(), z.tuple([z.string(), z.string()])),
});
const key = z.looseObject({ kty: z.literal("RSA"), kid: z.string(), n: z.string(), e: z.string() });
const configuration = z.looseObject({
  issuer: z.url(),
  token_endpoint: z.url(),
  authorization_endpoint: z.url(),
  jwks_uri: z.url(),
});

/** Only clients of the platform itself have the scope for it, no user of the official client. */
const forResources = {
  status: 403,
  shape: z.strictObject({
    error: z.literal("insufficient_scope"),
    error_description: z.string(),
    scope: z.string(),
  }),
};

const passwordForm = ({ world }: Things) =>
  new URLSearchParams({ grant_type: "password", ...world.platform.addresses.admin });

const tokenForm = ({ world }: Things) => new URLSearchParams({ token: world.api.token });

const tokens: readonly Endpoint[] = [
  uaa("GET /login", (_, root) => `${root}/login`, { isPublic: true, shape: prompts }),
  uaa("GET /info", (_, root) => `${root}/info`, { isPublic: true, shape: prompts }),
  uaa("POST /oauth/token", (t, root) => [`${root}/oauth/token`, passwordForm(t)], {
    authorization: asCf,
    shape: z.strictObject({
      access_token: z.string(),
      id_token: z.string().optional(),
      token_type: z.literal("bearer"),
      refresh_token: z.string(),
      expires_in: z.int(),
      scope: z.string(),
      jti: z.string(),
    }),
  }),
  uaa(
    "GET /oauth/authorize",
    (_, root) => `${root}/oauth/authorize?client_id=ssh-proxy&response_type=code`,
    // Without a token a person is sent to log in.
    { status: 302, isPublic: true },
  ),
  uaa("GET /token_keys", (_, root) => `${root}/token_keys`, {
    isPublic: true,
    shape: z.strictObject({ keys: z.array(key).min(1) }),
  }),
  uaa("GET /token_key", (_, root) => `${root}/token_key`, { isPublic: true, shape: key }),
  uaa(
    "GET /.well-known/openid-configuration",
    (_, root) => `${root}/.well-known/openid-configuration`,
    { isPublic: true, shape: configuration },
  ),
  uaa("POST /introspect", (t, root) => [`${root}/introspect`, tokenForm(t)], forResources),
  uaa("GET /userinfo", (_, root) => `${root}/userinfo`, {
    shape: z.looseObject({ user_id: z.string(), user_name: z.literal("admin") }),
  }),
  uaa("GET /oauth/token/list", (_, root) => `${root}/oauth/token/list`, {
    shape: z.array(z.looseObject({})),
  }),
];

const user = z.looseObject({
  id: z.string(),
  userName: z.string(),
  origin: z.string(),
  active: z.boolean(),
  emails: z.array(z.looseObject({ value: z.string() })),
  meta: z.looseObject({ version: z.int() }),
});

const scimList = (entry: z.ZodType) =>
  z.looseObject({
    resources: z.array(entry).min(1),
    startIndex: z.int(),
    itemsPerPage: z.int(),
    totalResults: z.int(),
    schemas: z.array(z.string()),
  });

const personOf = (t: Things) => {
  const name = t.name();
  return {
    userName: name,
    password: `secret-of-${name}`,
    name: { givenName: name, familyName: name },
    emails: [{ value: `${name}@example.com`, primary: true }],
  };
};

/** Asks UAA as the administrator. */
async function asked(t: Things, method: string, path: string, body?: object): Promise<string> {
  const answer = await fetch(`${t.world.platform.addresses.uaa}${path}`, {
    method,
    headers: {
      authorization: `bearer ${t.world.api.token}`,
      "content-type": "application/json",
    },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const entry = z.looseObject({ id: z.string() });
  const document = z.union([entry, z.looseObject({ resources: z.tuple([entry], entry) })]);
  const found = document.parse(await answer.json());
  return "id" in found && typeof found.id === "string"
    ? found.id
    : z.looseObject({ resources: z.tuple([entry], entry) }).parse(found).resources[0].id;
}

const newUser = (t: Things) => asked(t, "POST", "/Users", personOf(t));

const people: readonly Endpoint[] = [
  uaa("GET /Users", (_, root) => `${root}/Users?filter=userName+eq+%22admin%22`, {
    shape: scimList(user),
  }),
  uaa("POST /Users", (t, root) => [`${root}/Users`, personOf(t)], { status: 201, shape: user }),
  uaa("GET /Users/:id", async (t, root) => `${root}/Users/${await newUser(t)}`, { shape: user }),
  uaa("PUT /Users/:id", async (t, root) => [`${root}/Users/${await newUser(t)}`, personOf(t)], {
    headers: { "if-match": "*" },
    shape: user,
  }),
  uaa("DELETE /Users/:id", async (t, root) => `${root}/Users/${await newUser(t)}`, {
    shape: user,
  }),
  uaa(
    "PUT /Users/:id/password",
    async (t, root) => [`${root}/Users/${await newUser(t)}/password`, { password: "another" }],
    // A user's own only, with the old one: see `cf passwd`.
    {
      status: 400,
      shape: z.looseObject({
        error: z.literal("invalid_password"),
        error_description: z.literal("Not permitted to change another user's password"),
      }),
    },
  ),
  uaa("GET /Groups", (_, root) => `${root}/Groups`, {
    shape: scimList(z.looseObject({ id: z.string(), displayName: z.string() })),
  }),
  uaa("GET /Groups/:id", async (t, root) => `${root}/Groups/${await asked(t, "GET", "/Groups")}`, {
    shape: z.looseObject({ id: z.string(), displayName: z.string() }),
  }),
];

const clientOf = (id: string) => ({
  client_id: id,
  client_secret: "secret",
  authorized_grant_types: ["client_credentials"],
  authorities: ["uaa.none"],
  scope: ["uaa.none"],
});
const client = z.looseObject({
  client_id: z.string(),
  authorized_grant_types: z.array(z.string()),
});

const clients: readonly Endpoint[] = [
  uaa("GET /oauth/clients", (_, root) => `${root}/oauth/clients`, { shape: scimList(client) }),
  uaa(
    "POST /oauth/clients",
    (t, root) => [`${root}/oauth/clients`, clientOf(t.name())],
    forResources,
  ),
  uaa("GET /oauth/clients/:id", (_, root) => `${root}/oauth/clients/cf`, { shape: client }),
  uaa(
    "PUT /oauth/clients/:id",
    (_, root) => [`${root}/oauth/clients/cf`, clientOf("cf")],
    forResources,
  ),
  uaa("DELETE /oauth/clients/:id", (_, root) => `${root}/oauth/clients/cf`, forResources),
];

const envelope = z.strictObject({
  timestamp: z.string(),
  source_id: z.string(),
  instance_id: z.string().optional(),
  deprecated_tags: z.strictObject({}).optional(),
  tags: z.record(z.string(), z.string()),
  log: z.strictObject({ payload: z.string(), type: z.enum(["OUT", "ERR"]) }),
});

const logCache: readonly Endpoint[] = [
  {
    group: "log-cache",
    name: "GET /api/v1/info",
    call: () => "/api/v1/info",
    status: 200,
    isPublic: true,
    shape: z.strictObject({ version: z.string(), vm_uptime: z.string() }),
  },
  {
    group: "log-cache",
    name: "GET /api/v1/read/:source_id",
    call: (t) => `/api/v1/read/${t.app}?envelope_types=LOG&limit=10`,
    status: 200,
    shape: z.strictObject({ envelopes: z.strictObject({ batch: z.array(envelope).min(1) }) }),
  },
];

export const endpointsBesideV3: readonly Endpoint[] = [
  ...beside,
  ...tokens,
  ...people,
  ...clients,
  ...logCache,
];
