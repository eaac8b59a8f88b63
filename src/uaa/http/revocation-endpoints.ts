import type { FastifyInstance } from "fastify";
import type { ClientTable } from "../clients/client-table.ts";
import { sessionOfJti } from "../tokens/access-token.ts";
import type { Session, SessionTable } from "../tokens/session-table.ts";
import type { Bearer } from "../tokens/token-issuer.ts";
import { UaaError } from "../uaa-error.ts";
import type { UserTable } from "../users/user-table.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { asGuid } from "#kernel/guid.ts";
import { hasAnyScope, requireAnyScope, type Authenticate } from "./bearer.ts";

export interface RevocationParts {
  readonly sessions: SessionTable;
  readonly clients: ClientTable;
  readonly users: UserTable;
  readonly clock: Clock;
  readonly authenticate: Authenticate;
}

const mayRevokeAll = ["tokens.revoke", "uaa.admin"] as const;
const mayListAll = ["tokens.list", "uaa.admin"] as const;

/** Ends logins before their time, and lists them. UAA takes every method for those that end many, GET above all. */
export function registerRevocationEndpoints(app: FastifyInstance, parts: RevocationParts): void {
  const { sessions, clients, users, authenticate } = parts;

  // `cf logout`. Whoever holds a session's token may end that session; an administrator any.
  app.delete<{ Params: { jti: string } }>("/oauth/token/revoke/:jti", async (request, reply) => {
    const bearer = await authenticate(request);
    const guid = sessionOfJti(request.params.jti);
    const session = guid === undefined ? undefined : await sessions.byGuid(guid);
    const mayEnd = session?.userGuid === bearer.userGuid || hasAnyScope(bearer, mayRevokeAll);
    if (session === undefined || !mayEnd) throw resourceNotFound();
    await sessions.end(session.guid);
    return reply.send();
  });

  for (const method of ["GET", "DELETE"] as const) {
    app.route<{ Params: { user: string } }>({
      method,
      url: "/oauth/token/revoke/user/:user",
      exposeHeadRoute: false,
      handler: async (request, reply) => {
        const bearer = await authenticate(request);
        if (bearer.userGuid !== request.params.user) requireAnyScope(bearer, mayRevokeAll);
        const user = await users.byGuid(request.params.user);
        if (user === undefined) throw resourceNotFound();
        await sessions.endAllOf(user.guid);
        return reply.send();
      },
    });
    app.route<{ Params: { user: string; client: string } }>({
      method,
      url: "/oauth/token/revoke/user/:user/client/:client",
      exposeHeadRoute: false,
      handler: async (request, reply) => {
        const bearer = await authenticate(request);
        const isOwn =
          bearer.userGuid === request.params.user && bearer.clientId === request.params.client;
        if (!isOwn) requireAnyScope(bearer, mayRevokeAll);
        const { user, client } = request.params;
        await sessions.endAllOf(asGuid<"user">(user), client);
        return reply.send();
      },
    });
    app.route<{ Params: { client: string } }>({
      method,
      url: "/oauth/token/revoke/client/:client",
      exposeHeadRoute: false,
      handler: async (request, reply) => {
        await authenticate(request, ...mayRevokeAll);
        if ((await clients.find(request.params.client)) === undefined) throw resourceNotFound();
        await clients.revokeTokens(request.params.client);
        return reply.send();
      },
    });
  }

  app.get("/oauth/token/list", async (request) => listOwn(await authenticate(request), parts));

  app.get<{ Params: { user: string } }>("/oauth/token/list/user/:user", async (request) => {
    await authenticate(request, ...mayListAll);
    return list({ userGuid: request.params.user }, parts);
  });

  app.get<{ Params: { client: string } }>("/oauth/token/list/client/:client", async (request) => {
    await authenticate(request, ...mayListAll);
    return list({ clientId: request.params.client }, parts);
  });
}

/** Those of the user who asks, through the client that asks. */
async function listOwn(bearer: Bearer, parts: RevocationParts): Promise<object[]> {
  if (bearer.userGuid === undefined) return [];
  return list({ userGuid: bearer.userGuid, clientId: bearer.clientId }, parts);
}

async function list(
  of: { readonly userGuid?: string; readonly clientId?: string },
  { sessions, clock }: RevocationParts,
): Promise<object[]> {
  return (await sessions.list(of, clock.now().getTime())).map(presentSession);
}

/** A login, in the form of UAA's revocable tokens; never with a value. */
function presentSession(session: Session): object {
  return {
    tokenId: session.guid,
    clientId: session.clientId,
    userId: session.userGuid,
    format: "OPAQUE",
    responseType: "REFRESH_TOKEN",
    issuedAt: session.authenticatedAt,
    expiresAt: session.expiresAt,
    scope: session.scopes.join(" "),
    value: null,
    zoneId: "uaa",
  };
}

function resourceNotFound(): UaaError {
  return new UaaError("invalid_token", "Resource not found", 404);
}
