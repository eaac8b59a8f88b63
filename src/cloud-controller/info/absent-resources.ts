import { notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery } from "../http/list-query.ts";
import type { Links } from "../http/links.ts";
import { presentPage } from "../http/page.ts";

/** Collections that the platform does not have yet, with the filters that clients send. */
const emptyLists: Readonly<Record<string, readonly string[]>> = {
  deployments: ["app_guids", "states", "status_values", "status_reasons"],
};

/**
 * The official client asks for these beside what it is told to do (a summary asks for deployments). An empty list is
 * true: there are none. What would make one answers with a clear refusal, not with an unknown route.
 */
export function registerAbsentResources(
  app: ApiServer,
  { links }: { readonly links: Links },
): void {
  for (const [name, filters] of Object.entries(emptyLists)) {
    const path = `/v3/${name}`;
    app.get(path, async (request) => {
      // Nothing is listed, so nothing is included: what a client asks to see beside it is no error.
      const asked = Object.entries(Object(request.query)).filter(
        ([key]) => !/^(include$|fields\[)/.test(key),
      );
      const orderBy = { name: "name" };
      const list = parseListQuery(Object.fromEntries(asked), { filters, orderBy, labels: true });
      return presentPage({ links, path, list, total: 0, resources: [] });
    });
    app.get(`${path}/:guid`, async () => {
      throw notFound(singular(name));
    });
    app.post(path, async () => {
      throw unprocessable(`${singular(name)}s are not supported by this platform.`);
    });
  }
}

/** `service_instances` -> "Service instance". */
function singular(name: string): string {
  const words = name.replace(/s$/, "").replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
