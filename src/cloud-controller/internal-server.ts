import type { AddressInfo } from "node:net";
import { carriesSecret, type InternalSecret } from "#kernel/http/internal-auth.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { CfError } from "./http/cf-errors.ts";
import { createBareServer, type ApiServer } from "./http/create-server.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** On the internal listener: the route checks a signature in its URL in place of the secret. */
    readonly signed?: boolean;
  }
}

/** The listener that Diego's side calls. Each request carries the secret, but for URLs that we have signed. */
export function createInternalServer(options: {
  readonly secret: InternalSecret;
  readonly logger: Logger;
}): ApiServer {
  const app = createBareServer(options.logger);
  app.addHook("onRequest", async (request) => {
    if (request.routeOptions.config.signed === true) return;
    if (!carriesSecret(request.headers, options.secret)) throw new CfError("NotAuthenticated");
  });
  app.get("/healthz", async () => "OK");
  return app;
}

export async function listenOnLoopback(app: ApiServer, port: number): Promise<string> {
  await app.listen({ host: "127.0.0.1", port });
  const { port: bound } = app.server.address() as AddressInfo;
  return `http://127.0.0.1:${bound}`;
}
