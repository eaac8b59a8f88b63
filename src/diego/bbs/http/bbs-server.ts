import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import { carriesSecret, type InternalSecret } from "#kernel/http/internal-auth.ts";
import { forRequest, givenRequestId } from "#kernel/http/request-id.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { BbsError } from "#diego/models/bbs-error.ts";
import type { BbsMetrics } from "../bbs-metrics.ts";
import type { EventSubscription } from "../events/event-hub.ts";
import type { EventRoute } from "./event-routes.ts";
import { refusedResponse, type ProtobufRoute } from "./protobuf-route.ts";

/** Larger than any message that passes validation: 128 KiB of routes, 10 KiB of annotation, a command, its rules. */
const maxBodyBytes = 4 * 1024 * 1024;

interface BbsServerOptions {
  readonly port: number;
  readonly secret: InternalSecret;
  readonly logger: Logger;
  readonly routes: readonly ProtobufRoute[];
  readonly eventRoutes: readonly EventRoute[];
  /** What `GET /loops` shows as JSON. */
  readonly loops: () => unknown;
  readonly metrics: BbsMetrics;
  /** What `GET /metrics` shows. */
  readonly registry: Registry;
}

/** The HTTP side of the BBS: who may call, where a body goes, how errors and events look on the wire. */
export class BbsServer implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;
  readonly #requests: BbsRequests;

  private constructor(server: Server, requests: BbsRequests, { port }: AddressInfo) {
    this.#server = server;
    this.#requests = requests;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async listen(options: BbsServerOptions): Promise<BbsServer> {
    const requests = new BbsRequests(options);
    const server = createServer((request, response) => requests.answer(request, response));
    server.listen(options.port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("Not listening on TCP");
    return new BbsServer(server, requests, address);
  }

  /** Cuts connections off, then waits until what was under way has let go of the database. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
    await this.#requests.settled();
  }
}

class BbsRequests {
  readonly #options: BbsServerOptions;
  readonly #routes: ReadonlyMap<string, ProtobufRoute>;
  readonly #eventRoutes: ReadonlyMap<string, EventRoute>;
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: BbsServerOptions) {
    this.#options = options;
    this.#routes = new Map(options.routes.map((route) => [route.path, route]));
    this.#eventRoutes = new Map(options.eventRoutes.map((route) => [route.path, route]));
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const answered = forRequest(givenRequestId(request), () =>
      this.#route(request, response).catch((error: unknown) => {
        if (!response.destroyed) this.#options.logger.error("bbs-request-broke", { error });
        response.destroy();
      }),
    ).finally(() => this.#underWay.delete(answered));
    this.#underWay.add(answered);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!carriesSecret(request.headers, this.#options.secret)) return end(response, 401);
    const path = request.url ?? "";
    if (request.method === "GET") return this.#answerOperator(path, response);
    const route = this.#routes.get(path);
    const eventRoute = this.#eventRoutes.get(path);
    if (request.method !== "POST" || (route === undefined && eventRoute === undefined)) {
      return end(response, 404);
    }
    const body = await readBody(request);
    if (body === undefined) return end(response, 413);
    if (route !== undefined) return this.#call(route, body, response);
    if (eventRoute !== undefined) await streamEvents(eventRoute.subscribe(body), response);
  }

  async #answerOperator(path: string, response: ServerResponse): Promise<void> {
    if (path === "/healthz") return end(response, 200);
    if (path === "/metrics") return await this.#answerMetrics(response);
    if (path !== "/loops") return end(response, 404);
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(this.#options.loops()));
  }

  async #answerMetrics(response: ServerResponse): Promise<void> {
    const { registry } = this.#options;
    const text = await registry.metrics();
    response.writeHead(200, { "content-type": registry.contentType });
    response.end(text);
  }

  /** A refusal is an answer like any other: status 200 with an `error` in its message. */
  async #call(route: ProtobufRoute, body: Uint8Array, response: ServerResponse): Promise<void> {
    const ended = this.#options.metrics.called(route.path);
    let refused = false;
    const answer = await route.handle(body).catch((error: unknown) => {
      refused = true;
      return this.#refuse(route, error);
    });
    ended({ refused });
    this.#options.logger.debug("bbs-request-served", { path: route.path, refused });
    response.writeHead(200, {
      "content-type": "application/x-protobuf",
      "content-length": answer.byteLength,
    });
    response.end(answer);
  }

  #refuse(route: ProtobufRoute, error: unknown): Uint8Array {
    const data = { path: route.path, error };
    if (error instanceof BbsError) {
      this.#options.logger.info("bbs-request-refused", data);
      return refusedResponse(error);
    }
    this.#options.logger.error("bbs-request-failed", data);
    return refusedResponse(new BbsError("Unknown", "internal error"));
  }
}

/** Undefined where it is too large. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Server-sent events with ids that count from 0 on each connection; ends with the subscription or the client. */
async function streamEvents(
  subscription: EventSubscription<{ readonly kind: string }>,
  response: ServerResponse,
): Promise<void> {
  response.on("close", () => subscription.close());
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache, no-store, must-revalidate",
  });
  response.flushHeaders();
  let id = 0;
  for await (const { event, data } of subscription) {
    const isDrained = response.write(`id: ${id}\nevent: ${event.kind}\ndata: ${data}\n\n`);
    id += 1;
    if (!isDrained && !response.destroyed) await drained(response);
  }
  response.end();
}

async function drained(response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  response.once("drain", resolve);
  response.once("close", resolve);
  await promise;
  response.off("drain", resolve);
  response.off("close", resolve);
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status, status === 413 ? { connection: "close" } : {}).end();
}
