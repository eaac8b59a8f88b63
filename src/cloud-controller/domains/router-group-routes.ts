import type { ApiServer } from "../http/create-server.ts";
import { parseQuery } from "../http/list-query.ts";

/**
 * The part of the routing API that clients ask for router groups. There are none: no TCP router is here, so there are no
 * TCP domains and no TCP routes either. Errors have the routing API's form, not Cloud Controller's.
 */
export function registerRouterGroups(app: ApiServer): void {
  app.get("/routing/v1/router_groups", async (request, reply) => {
    const { name } = parseQuery(request.query, ["name"]);
    if (name === undefined) return [];
    return await reply.status(404).send({
      name: "ResourceNotFoundError",
      message: `Router Group '${name}' not found`,
    });
  });
}
