import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "#kernel/clock/clock.ts";
import type { GuidSource } from "#kernel/guid.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { LogIngest } from "#log-cache/client.ts";
import { emitAccessLog } from "./access-log.ts";
import { BackendConnections } from "./backend-connections.ts";
import type { Endpoint } from "./endpoint.ts";
import { chooseEndpoint, routeRequest, type RoutedRequest } from "./endpoint-choice.ts";
import { clientRequestOf, type Exchange } from "./exchange.ts";
import { forwardRequest } from "./forward-request.ts";
import { forwardUpgrade } from "./forward-upgrade.ts";
import { readTarget } from "./request-target.ts";
import type { RouteTable } from "./route-table.ts";
import type { RouterMetrics } from "./router-metrics.ts";
import {
  clientGoneStatus,
  errorBody,
  errorHeaders,
  respondWithError,
  routerErrors,
  type RouterError,
} from "./router-error.ts";

export interface ProxyParts {
  readonly table: RouteTable;
  readonly connections: BackendConnections;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly logs: LogIngest;
  readonly guids: GuidSource;
  readonly metrics: RouterMetrics;
}

/** Instances tried for one request (routing-release: `backends.max_attempts`). */
const maxAttempts = 3;
const dialTimeoutMs = 5_000;
/** Load balancers ask with it whether the router itself lives. */
const healthCheckAgent = "HTTP-Monitor/1.1";
const idempotentMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/** Finds the instance for each request and passes it on; what fails is tried on another where nothing was sent yet. */
export class Proxy {
  readonly #parts: ProxyParts;
  readonly #tunnels = new Set<Duplex>();

  constructor(parts: ProxyParts) {
    this.#parts = parts;
  }

  async handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    if (message.headers["user-agent"] === healthCheckAgent) {
      response.writeHead(200, { "content-type": "text/plain" }).end("ok\n");
      return;
    }
    const exchange = this.#open(message);
    if ("error" in exchange) {
      this.#parts.metrics.refused(exchange.error.code);
      respondWithError(response, exchange.error, { "x-vcap-request-id": this.#parts.guids() });
      return;
    }
    const refusal = await this.#route(exchange, (endpoint, routed) =>
      this.#tryRequest({ message, response, exchange, endpoint, routed }),
    );
    if (refusal !== undefined && !response.headersSent) {
      exchange.bytesSent = respondWithError(response, refusal, {
        "x-vcap-request-id": exchange.requestId,
      });
    }
    this.#close(exchange, refusal);
  }

  async handleUpgrade(message: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    // A client's reset must not end the process; the copying notices it by itself.
    client.on("error", () => undefined);
    const exchange = this.#open(message);
    if ("error" in exchange) {
      this.#parts.metrics.refused(exchange.error.code);
      return endWithError(client, exchange.error);
    }
    // Nobody here speaks HTTP/2; a tunnel for it would let a client speak to an app past every check.
    if (/\bh2c?\b/i.test(message.headers.upgrade ?? "")) {
      return endWithError(client, routerErrors.badRequest("HTTP/2 is not spoken here"));
    }
    this.#tunnels.add(client);
    const refusal = await this.#route(exchange, (endpoint) =>
      this.#tryUpgrade({ message, client, head, exchange, endpoint }),
    );
    this.#tunnels.delete(client);
    if (refusal !== undefined) endWithError(client, refusal, exchange.requestId);
    this.#close(exchange, refusal);
  }

  closeTunnels(): void {
    for (const client of this.#tunnels) client.destroy();
  }

  #open(message: IncomingMessage): Exchange | { readonly error: RouterError } {
    const request = clientRequestOf(message);
    const target = readTarget(request);
    if ("error" in target) return target;
    return {
      request,
      target,
      requestId: this.#parts.guids(),
      startedAt: this.#parts.clock.now(),
      endpoint: undefined,
      status: 0,
      routerError: undefined,
      bytesReceived: 0,
      bytesSent: 0,
      failedAttempts: 0,
      backendMs: 0,
    };
  }

  /** Tries instances until one has answered. What the client is told where none has, or undefined. */
  async #route(
    exchange: Exchange,
    attempt: (endpoint: Endpoint, routed: RoutedRequest) => Promise<AttemptResult>,
  ): Promise<RouterError | undefined> {
    const { table, clock } = this.#parts;
    const routed = routeRequest(table, exchange);
    if ("error" in routed) return routed.error;
    const tried = new Set<Endpoint>();
    let lastFailure: RouterError | undefined;
    while (tried.size < maxAttempts) {
      const endpoint = chooseEndpoint(routed, tried, {
        now: clock.now().getTime(),
        host: exchange.target.host,
      });
      // The last failure says more than "none left".
      if ("error" in endpoint) return lastFailure ?? endpoint.error;
      tried.add(endpoint);
      exchange.endpoint = endpoint;
      endpoint.inFlight += 1;
      const result = await attempt(endpoint, routed).finally(() => (endpoint.inFlight -= 1));
      if (result.kind === "over") return undefined;
      this.#noteFailure(exchange, endpoint, result);
      lastFailure = routerErrors.endpointFailure(result.error.message);
      if (!result.mayRetry) return lastFailure;
    }
    return lastFailure;
  }

  async #tryRequest(attempt: {
    readonly message: IncomingMessage;
    readonly response: ServerResponse;
    readonly exchange: Exchange;
    readonly endpoint: Endpoint;
    readonly routed: RoutedRequest;
  }): Promise<AttemptResult> {
    const { connections, clock, logger } = this.#parts;
    const { exchange, message, routed } = attempt;
    const forwarding = {
      ...attempt,
      contextPath: contextPathOf(routed.pool.uri),
      stickyInstance: routed.stickyInstance,
    };
    const outcome = await forwardRequest(forwarding, connections, clock);
    switch (outcome.kind) {
      case "answered":
        return { kind: "over" };
      case "client-gone":
        exchange.status = clientGoneStatus;
        return { kind: "over" };
      case "broken-off":
        logger.info("answer-broken-off", {
          address: attempt.endpoint.address,
          error: outcome.error,
        });
        return { kind: "over" };
      case "failed": {
        const mayRepeat =
          idempotentMethods.has(message.method ?? "") &&
          exchange.bytesReceived === 0 &&
          isConnectionLoss(outcome.error);
        return { ...outcome, mayRetry: !outcome.wasSent || mayRepeat };
      }
    }
  }

  async #tryUpgrade(attempt: {
    readonly message: IncomingMessage;
    readonly client: Duplex;
    readonly head: Buffer;
    readonly exchange: Exchange;
    readonly endpoint: Endpoint;
  }): Promise<AttemptResult> {
    const outcome = await forwardUpgrade({ ...attempt, dialTimeoutMs });
    if (outcome.kind === "failed") return { ...outcome, mayRetry: !outcome.wasSent };
    if (outcome.kind === "client-gone") attempt.exchange.status = clientGoneStatus;
    return { kind: "over" };
  }

  #noteFailure(exchange: Exchange, endpoint: Endpoint, result: FailedAttempt): void {
    exchange.failedAttempts += 1;
    if (!result.wasSent) endpoint.markFailed(this.#parts.clock.now().getTime());
    this.#parts.logger.info("endpoint-failed", {
      address: endpoint.address,
      app: endpoint.registration.app,
      requestId: exchange.requestId,
      error: result.error.message,
    });
  }

  #close(exchange: Exchange, refusal: RouterError | undefined): void {
    if (refusal !== undefined) {
      exchange.status = refusal.status;
      exchange.routerError = refusal.code;
    }
    const endedAt = this.#parts.clock.now();
    this.#parts.metrics.ended(exchange, endedAt);
    emitAccessLog(this.#parts.logs, exchange, endedAt);
  }
}

interface FailedAttempt {
  readonly kind: "failed";
  readonly error: Error;
  /** The request, or a part of it, has gone to the app. */
  readonly wasSent: boolean;
  readonly mayRetry: boolean;
}

type AttemptResult = FailedAttempt | { readonly kind: "over" };

/** The app, or its keep-alive, closed the connection without an answer. */
function isConnectionLoss(error: Error): boolean {
  const code = "code" in error ? error.code : undefined;
  return code === "UND_ERR_SOCKET" || code === "ECONNRESET" || code === "EPIPE";
}

function contextPathOf(uri: string): string {
  const slash = uri.indexOf("/");
  return slash === -1 ? "/" : uri.slice(slash);
}

/** On a connection that Node has handed over with an upgrade, there is no response object. */
export function endWithError(client: Duplex, error: RouterError, requestId?: string): void {
  if (client.destroyed) return;
  const body = errorBody(error);
  const headers = Object.entries({
    ...errorHeaders(error),
    ...(requestId === undefined ? {} : { "x-vcap-request-id": requestId }),
    "content-length": String(Buffer.byteLength(body)),
    connection: "close",
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const [, reason = ""] = /^\d+ ([^:]*)/.exec(body) ?? [];
  client.end(`HTTP/1.1 ${error.status} ${reason}\r\n${headers.join("")}\r\n${body}`, () =>
    client.destroy(),
  );
}
