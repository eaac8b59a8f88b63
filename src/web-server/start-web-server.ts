import { fastify, type FastifyInstance, type FastifyReply } from "fastify";
import type { HttpHandler } from "#kernel/http/mounted.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { bundlePage, type PageBundle } from "./bundle-page.ts";

export interface WebServerConfig {
  /** Where the bundled page is kept. */
  readonly cacheDir: string;
  /** The address of the public origin, `http://127.0.0.1:9080`: the one that UAA sends a login back to. */
  readonly externalUrl: string;
  /** The router's, which the addresses of apps need. */
  readonly appsPort: number;
}

export interface WebServer extends AsyncDisposable {
  /** Serves `/rivera` and what is below it, but `/rivera/v1`. */
  readonly handler: HttpHandler;
}

// The page runs our own script alone, speaks to its own origin alone, and stands in nobody's frame. Nothing that an app,
// a buildpack or a user writes can become script, style or a request elsewhere, even where an escape were forgotten.
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const headers = {
  "content-security-policy": policy,
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
} as const;

const contentTypes: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

/** The dashboard's files. It holds no state and asks nobody: the page itself speaks to the public APIs. */
export async function startWebServer(
  config: WebServerConfig,
  dependencies: { readonly logger: Logger },
): Promise<WebServer> {
  const logger = dependencies.logger.child("web-server");
  // At the first visit, so that a start waits for no bundling and who never comes pays nothing.
  let bundle: Promise<PageBundle> | undefined;
  const page = (): Promise<PageBundle> => {
    bundle ??= bundlePage({ cacheDir: config.cacheDir }).catch((error: unknown) => {
      bundle = undefined;
      throw error;
    });
    return bundle;
  };
  const app = fastify();
  registerFiles(app, page, config);
  app.setErrorHandler((error, _request, reply) => {
    logger.error("page-failed", { error });
    return text(reply, 500, "The page cannot be made: the platform's log has the reason.\n");
  });
  await app.ready();
  return {
    handler: (request, response) => app.routing(request, response),
    [Symbol.asyncDispose]: () => app.close(),
  };
}

function registerFiles(
  app: FastifyInstance,
  page: () => Promise<PageBundle>,
  { externalUrl, appsPort }: WebServerConfig,
): void {
  // Addresses are relative everywhere: a proxy may put the whole origin below a path of its own.
  app.get("/rivera", (_request, reply) => reply.redirect("rivera/", 308));
  app.get("/rivera/", async (request, reply) => {
    // A login leads to the one address that is registered. Not to `localhost`: its IPv6 side may be another program's.
    if (/^localhost(:\d+)?$/i.test(request.headers.host ?? "")) {
      return reply.redirect(`${externalUrl}/rivera/`, 302);
    }
    const { document } = await page();
    return reply
      .headers({ ...headers, "cache-control": "no-store" })
      .type("text/html; charset=utf-8")
      .send(document.replace("APPS_PORT", String(appsPort)));
  });
  app.get<{ Params: { name: string } }>("/rivera/assets/:name", async (request, reply) => {
    const { name } = request.params;
    const content = (await page()).assets.get(name);
    if (content === undefined) return text(reply, 404, "There is no such file.\n");
    return reply
      .headers({ ...headers, "cache-control": "public, max-age=31536000, immutable" })
      .type(contentTypes[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream")
      .send(content);
  });
  app.setNotFoundHandler((_request, reply) =>
    text(reply, 404, "There is nothing here. The page is at /rivera/.\n"),
  );
}

function text(reply: FastifyReply, status: number, content: string): FastifyReply {
  return reply
    .code(status)
    .headers({ ...headers, "cache-control": "no-store" })
    .type("text/plain; charset=utf-8")
    .send(content);
}
