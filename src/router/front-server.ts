import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "#kernel/log/logger.ts";
import { endWithError, type Proxy } from "./proxy.ts";
import { maxRequestHeaders } from "./request-target.ts";
import { routerErrors } from "./router-error.ts";

export interface FrontServerOptions {
  readonly host: string;
  readonly port: number;
  readonly requestTimeoutMs: number;
  readonly maxHeaderBytes: number;
  readonly maxConnections: number;
}

const headersTimeoutMs = 10_000;
const connectionsCheckedEveryMs = 2_000;
/** gorouter's `frontend_idle_timeout`. */
const idleTimeoutMs = 900_000;

/** The listener that users' requests come to, with Node's limits set so that nobody can hold it. */
export async function listenForRequests(
  proxy: Proxy,
  options: FrontServerOptions,
  logger: Logger,
): Promise<Server> {
  const server = createServer({
    connectionsCheckingInterval: connectionsCheckedEveryMs,
    headersTimeout: headersTimeoutMs,
    insecureHTTPParser: false,
    keepAliveTimeout: idleTimeoutMs,
    maxHeaderSize: options.maxHeaderBytes,
    noDelay: true,
    // Ours to refuse, in the router's own words.
    requireHostHeader: false,
    requestTimeout: options.requestTimeoutMs,
  });
  server.maxHeadersCount = maxRequestHeaders + 1;
  server.maxConnections = options.maxConnections;
  server.timeout = 0;
  server.on("request", (message, response) => {
    proxy.handle(message, response).catch((error: unknown) => {
      logger.error("request-failed", { error });
      response.destroy();
    });
  });
  server.on("upgrade", (message, socket, head) => {
    proxy.handleUpgrade(message, socket, head).catch((error: unknown) => {
      logger.error("upgrade-failed", { error });
      socket.destroy();
    });
  });
  server.on("connect", (_message, socket) => {
    endWithError(socket, routerErrors.methodNotAllowed("CONNECT"));
  });
  server.on("clientError", (error, socket) => {
    if (!socket.writable) return void socket.destroy();
    endWithError(socket, refusalOf("code" in error ? error.code : undefined));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  return server;
}

export function urlOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  return `http://${host === "0.0.0.0" ? "127.0.0.1" : host}:${port}`;
}

function refusalOf(code: unknown) {
  if (code === "HPE_HEADER_OVERFLOW") return routerErrors.tooLarge();
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return {
      status: 408,
      code: "request_timeout",
      message: "The request did not come in whole in time",
    };
  }
  return routerErrors.badRequest("The request is malformed");
}
