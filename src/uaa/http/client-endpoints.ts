import type { FastifyInstance } from "fastify";
import type { ClientRegistry } from "../clients/oauth-client.ts";
import { UaaError } from "../uaa-error.ts";
import type { Authenticate } from "./bearer.ts";

/** `cf set-org-role --client` asks whether a client exists. */
export function registerClientEndpoints(
  app: FastifyInstance,
  parts: { readonly clients: ClientRegistry; readonly authenticate: Authenticate },
): void {
  app.get<{ Params: { id: string } }>("/oauth/clients/:id", async (request) => {
    await parts.authenticate(request, "clients.read", "uaa.admin");
    const client = parts.clients.find(request.params.id);
    if (client === undefined) {
      throw new UaaError("not_found", `No client with requested id: ${request.params.id}`);
    }
    return {
      client_id: client.clientId,
      scope: client.scopes,
      authorities: client.authorities,
      authorized_grant_types: client.grantTypes,
      access_token_validity: client.accessTokenValidity,
      refresh_token_validity: client.refreshTokenValidity,
      autoapprove: [],
      resource_ids: ["none"],
    };
  });
}
