import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import {
  hashChosenSecret,
  isSecretOf,
  withSecondSecret,
  withoutOlderSecret,
} from "../clients/client-secret.ts";
import { clientFilterColumns, type ClientTable } from "../clients/client-table.ts";
import type { OauthClient } from "../clients/oauth-client.ts";
import { presentList, readListQuery } from "../scim/scim-message.ts";
import type { Bearer } from "../tokens/token-issuer.ts";
import { UaaError } from "../uaa-error.ts";
import type { PasswordHasher } from "../users/password-hasher.ts";
import { hasAnyScope, type Authenticate } from "./bearer.ts";
import { clientOf, invalidClient, readClientMessage, requireSecret } from "./client-messages.ts";

export interface ClientEndpointParts {
  readonly clients: ClientTable;
  readonly hasher: PasswordHasher;
  readonly authenticate: Authenticate;
  readonly clock: Clock;
}

type OneClient = FastifyRequest<{ Params: { id: string } }>;

const readers = ["clients.read", "clients.admin", "uaa.admin"] as const;
const writers = ["clients.write", "clients.admin", "uaa.admin"] as const;

/** OAuth clients. `cf set-org-role --client` asks whether one exists; administrators make, change and delete them. */
export function registerClientEndpoints(app: FastifyInstance, parts: ClientEndpointParts): void {
  const { clients, hasher, authenticate, clock } = parts;

  app.get("/oauth/clients", async (request) => {
    await authenticate(request, ...readers);
    const query = readListQuery(request.query, clientFilterColumns);
    const { clients: found, total } = await clients.list(query.filter, query);
    return presentList(found.map(presentClient), { query, total });
  });

  app.get("/oauth/clients/:id", async (request: OneClient) => {
    await authenticate(request, ...readers);
    return presentClient(await existing(request, clients));
  });

  app.post("/oauth/clients", async (request, reply) => {
    const bearer = await authenticate(request, ...writers);
    const message = readClientMessage(request.body);
    const client = clientOf(message, undefined);
    requireNoMoreThanOwn(bearer, client);
    const secret = message.client_secret ?? "";
    requireSecret(client, secret);
    const secretHash = await hashChosenSecret(secret, hasher);
    if (!(await clients.insert({ ...client, secretHash }, clock.now().getTime()))) {
      throw invalidClient(`Client already exists: ${client.clientId}`, 409);
    }
    return reply.code(201).send(presentClient({ ...client, secretHash }));
  });

  app.put("/oauth/clients/:id", async (request: OneClient) => {
    const bearer = await authenticate(request, ...writers);
    const message = readClientMessage(request.body);
    if (message.client_id !== request.params.id) {
      throw invalidClient(
        `The client id (${message.client_id}) does not match the URL (${request.params.id})`,
      );
    }
    const known = await existing(request, clients);
    // As in UAA, the secret has an endpoint of its own.
    const client = { ...clientOf(message, known), secretHash: known.secretHash };
    requireSecret(client, known.secretHash);
    requireNoMoreThanOwn(bearer, client);
    await clients.update(client, clock.now().getTime());
    return presentClient(client);
  });

  app.delete("/oauth/clients/:id", async (request: OneClient) => {
    await authenticate(request, ...writers);
    const client = await existing(request, clients);
    await clients.delete(client.clientId);
    return presentClient(client);
  });

  registerSecretEndpoint(app, parts);
}

/** `clients.write` alone makes no client that can do more than the one who makes it. */
function requireNoMoreThanOwn(
  bearer: Bearer,
  client: Pick<OauthClient, "scopes" | "authorities">,
): void {
  if (hasAnyScope(bearer, ["clients.admin", "uaa.admin"])) return;
  const mayGive = [...bearer.scopes, "openid", "uaa.none", "uaa.resource", "uaa.user"];
  const scope = client.scopes.find((wanted) => !mayGive.includes(wanted));
  if (scope !== undefined) {
    throw invalidClient(`${scope} is not an allowed scope for caller=${bearer.clientId}.`);
  }
  const authority = client.authorities.find((wanted) => !mayGive.includes(wanted));
  if (authority !== undefined) {
    throw invalidClient(`${authority} is not an allowed authority for caller=${bearer.clientId}.`);
  }
}

const oldSecret = z.string().max(255).nullish();
const secret = z.string().min(1).max(255);
const secretMessage = z.union([
  z.object({ changeMode: z.literal("DELETE"), oldSecret }),
  z.object({ changeMode: z.enum(["UPDATE", "ADD"]).default("UPDATE"), oldSecret, secret }),
]);

function registerSecretEndpoint(app: FastifyInstance, parts: ClientEndpointParts): void {
  const { clients, hasher, clock } = parts;

  app.put("/oauth/clients/:id/secret", async (request: OneClient) => {
    const bearer = await parts.authenticate(
      request,
      "clients.secret",
      "clients.admin",
      "uaa.admin",
    );
    const message = secretMessage.safeParse(request.body);
    if (!message.success) throw invalidClient(z.prettifyError(message.error));
    const client = await existing(request, clients);
    const change = message.data;
    await requireOwnOldSecret(bearer, client, { oldSecret: change.oldSecret, hasher });
    const secretHash = await changedSecret(client, change, hasher);
    await clients.update({ ...client, secretHash }, clock.now().getTime());
    return { status: "ok", message: secretChanged[change.changeMode] };
  });
}

const secretChanged = {
  UPDATE: "secret updated",
  ADD: "Secret is added",
  DELETE: "Secret is deleted",
};

/** A client can have two secrets while it changes from one to the other; the older is the one to be deleted. */
async function changedSecret(
  { secretHash }: OauthClient,
  change: z.infer<typeof secretMessage>,
  hasher: PasswordHasher,
): Promise<string> {
  if (change.changeMode === "DELETE") {
    const left = withoutOlderSecret(secretHash);
    if (left !== undefined) return left;
    throw invalidClient("client secret is either empty or client has only one secret.");
  }
  const chosen = await hashChosenSecret(change.secret, hasher);
  if (change.changeMode === "UPDATE") return chosen;
  const both = withSecondSecret(secretHash, chosen);
  if (both !== undefined) return both;
  throw invalidClient("client secret is either empty or client already has two secrets.");
}

/** Who administrates no clients may change but the own secret, and shows the old one. */
async function requireOwnOldSecret(
  bearer: Bearer,
  client: OauthClient,
  given: { readonly oldSecret: string | null | undefined; readonly hasher: PasswordHasher },
): Promise<void> {
  if (hasAnyScope(bearer, ["clients.admin", "uaa.admin"])) return;
  if (bearer.clientId !== client.clientId) {
    throw invalidClient("Bad request. Not permitted to change another client's secret");
  }
  if (await isSecretOf(client.secretHash, given.oldSecret ?? "", given.hasher)) return;
  throw invalidClient("Previous secret is required and must be valid");
}

async function existing(request: OneClient, clients: ClientTable): Promise<OauthClient> {
  const client = await clients.find(request.params.id);
  if (client !== undefined) return client;
  throw new UaaError(
    "not_found",
    `No client with requested id: ${request.params.id.slice(0, 128)}`,
  );
}

/** Never with the secret, nor with its hash. */
function presentClient(client: Omit<OauthClient, "tokenSalt">): object {
  return {
    client_id: client.clientId,
    ...(client.name === undefined ? {} : { name: client.name }),
    scope: client.scopes,
    authorities: client.authorities,
    authorized_grant_types: client.grantTypes,
    redirect_uri: client.redirectUris,
    autoapprove: client.autoApprove === "all" ? true : client.autoApprove,
    access_token_validity: client.accessTokenValidity,
    refresh_token_validity: client.refreshTokenValidity,
    allowpublic: client.allowPublic,
    resource_ids: ["none"],
  };
}
