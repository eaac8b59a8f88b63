import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Socket } from "node:net";
import { hostHeaders, severalHosts } from "#kernel/http/host-headers.ts";
import type { HttpHandler, UpgradeHandler } from "#kernel/http/mounted.ts";

/**
 * Between two requests of a connection, as gorouter's `frontend_idle_timeout`. Longer than the pool of any proxy in
 * front of this: one that sends a request while we close the connection has to fail it (Node's default is 5 s).
 */
const idleTimeoutMs = 900_000;

export interface FrontDoorRoutes {
  readonly uaa: HttpHandler;
  readonly logCache: HttpHandler;
  readonly cloudController: HttpHandler;
  /** Of WebSockets below `/rivera/v1`; there are no others. */
  readonly upgrade: UpgradeHandler;
  /** The dashboard; undefined where it is switched off. */
  readonly web?: HttpHandler | undefined;
}

/**
 * The one public origin: `/uaa` is UAA's, `/api/v1` log-cache's, `/rivera` but `/rivera/v1` the dashboard's, all else
 * Cloud Controller's. A browser that opens the origin itself is sent to the dashboard; programs read the root there.
 */
export async function openFrontDoor(
  listen: {
    readonly host: string;
    readonly port: number;
    /** How long a connection may be silent in the middle of a request; default 2 minutes, above every long poll. */
    readonly silentMs?: number;
  },
  routes: FrontDoorRoutes,
): Promise<AsyncDisposable> {
  // A client that offers another protocol beside HTTP/1.1, as Java's does h2c, is answered in HTTP/1.1.
  const options = { shouldUpgradeCallback: isWebSocket };
  const server = createServer(options, (request, response) => {
    const url = request.url ?? "/";
    if (!hasOneHost(request)) refuse(response);
    else if (isBelow(url, "/uaa")) routes.uaa(request, response);
    else if (isBelow(url, "/api/v1")) routes.logCache(request, response);
    else if (routes.web !== undefined && isPage(url)) routes.web(request, response);
    else if (routes.web !== undefined && url === "/" && isBrowser(request)) {
      response.writeHead(302, { location: "rivera/", vary: "accept" }).end();
    } else routes.cloudController(request, response);
  });
  server.on("upgrade", (request, socket, head) => {
    // A terminal may be silent; who serves it sees to its end.
    if (socket instanceof Socket) socket.setTimeout(0);
    routes.upgrade(request, socket, head);
  });
  // Else Node drops what comes after the 2,000th, which may be a second Host; their bytes are bounded in any case.
  server.maxHeadersCount = 0;
  // An upload of a gigabyte over a slow line takes longer than Node's default of 300 s.
  server.requestTimeout = 0;
  server.headersTimeout = 60_000;
  server.keepAliveTimeout = idleTimeoutMs;
  server.timeout = listen.silentMs ?? 120_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: listen.host, port: listen.port }, resolve);
  });
  return { [Symbol.asyncDispose]: () => close(server) };
}

/** Else it is answered as a request, which refuses it. */
function isWebSocket(request: IncomingMessage): boolean {
  const { url = "", headers } = request;
  const isAsked = isBelow(url, "/rivera/v1") && /^websocket$/i.test(headers.upgrade ?? "");
  return isAsked && hasOneHost(request);
}

function hasOneHost({ rawHeaders }: IncomingMessage): boolean {
  return hostHeaders(rawHeaders).length <= 1;
}

/** As the router refuses it, which stands before the API in the original. */
function refuse(response: ServerResponse): void {
  const body = `400 Bad Request: ${severalHosts}\n`;
  response
    .writeHead(400, {
      "content-length": body.length,
      "content-type": "text/plain; charset=utf-8",
      "x-content-type-options": "nosniff",
      "cache-control": "no-cache, no-store",
      connection: "close",
    })
    .end(body);
}

function isPage(url: string): boolean {
  return isBelow(url, "/rivera") && !isBelow(url, "/rivera/v1");
}

/** Asks for a page before all else; programs ask for JSON, or for anything. */
function isBrowser(request: IncomingMessage): boolean {
  const asked = request.headers.accept ?? "";
  return request.method === "GET" && /^\s*text\/html\b/i.test(asked);
}

function isBelow(url: string, prefix: string): boolean {
  return url === prefix || url.startsWith(`${prefix}/`) || url.startsWith(`${prefix}?`);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
