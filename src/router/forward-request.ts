import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import type { Clock } from "#kernel/clock/clock.ts";
import type { BackendConnections } from "./backend-connections.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Exchange } from "./exchange.ts";
import { requestHeaders, responseHeaders } from "./proxy-headers.ts";
import { headerValues } from "./request-target.ts";
import { stickyCookie } from "./sticky-session.ts";

export type ForwardOutcome =
  | { readonly kind: "answered" }
  | { readonly kind: "client-gone" }
  /** The answer had begun; the client's connection is cut, so that it cannot take the part for the whole. */
  | { readonly kind: "broken-off"; readonly error: Error }
  /** Nothing has gone to the client yet. */
  | { readonly kind: "failed"; readonly error: Error; readonly wasSent: boolean };

export interface Forwarding {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly exchange: Exchange;
  readonly endpoint: Endpoint;
  readonly contextPath: string;
  readonly stickyInstance: string | undefined;
}

/** Sends a request to one instance and its answer back, both as they come, each as fast as its reader takes it. */
export function forwardRequest(
  forwarding: Forwarding,
  connections: BackendConnections,
  clock: Clock,
): Promise<ForwardOutcome> {
  const { message, exchange, endpoint } = forwarding;
  const hasBody =
    message.headers["transfer-encoding"] !== undefined ||
    Number(message.headers["content-length"] ?? 0) > 0;
  const { promise, resolve } = Promise.withResolvers<ForwardOutcome>();
  const handler = new ForwardHandler(forwarding, clock, resolve);
  const headers = requestHeaders(
    {
      rawHeaders: message.rawHeaders,
      target: exchange.target,
      remoteAddress: exchange.request.remoteAddress,
      requestId: exchange.requestId,
      startedAt: exchange.startedAt.getTime(),
    },
    endpoint,
    { hasBody },
  );
  try {
    connections.to(endpoint).dispatch(
      {
        method: exchange.request.method,
        path: exchange.target.target,
        headers,
        body: hasBody ? bodyOf(message) : null,
      },
      handler,
    );
  } catch (error) {
    handler.onResponseError(undefined, error instanceof Error ? error : new Error(String(error)));
  }
  return promise;
}

/** Read only once the backend is there, so that a failed dial leaves it for the next try. */
function bodyOf(message: IncomingMessage): Readable {
  // A stream of its own: when undici destroys it, the client's connection stays for the answer.
  return Readable.from(message.iterator({ destroyOnReturn: false }), { objectMode: false });
}

class ClientGone extends Error {
  constructor() {
    super("The client has gone");
    this.name = "ClientGone";
  }
}

class ForwardHandler implements Dispatcher.DispatchHandler {
  readonly #forwarding: Forwarding;
  readonly #clock: Clock;
  readonly #resolve: (outcome: ForwardOutcome) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #sentAt: number | undefined;
  #isSettled = false;

  constructor(forwarding: Forwarding, clock: Clock, resolve: (outcome: ForwardOutcome) => void) {
    this.#forwarding = forwarding;
    this.#clock = clock;
    this.#resolve = resolve;
    // Without this a client that leaves in mid-response would hold the backend's connection for ever.
    forwarding.response.on("close", this.#onClientClose);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#sentAt = this.#clock.now().getTime();
    if (this.#forwarding.response.destroyed) controller.abort(new ClientGone());
  }

  onBodySent(chunk: Buffer): void {
    this.#forwarding.exchange.bytesReceived += chunk.length;
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    statusMessage?: string,
  ): void {
    // 100 and 103 are between neighbours here: Node has answered `Expect` itself.
    if (status < 200) return;
    const { response, exchange, endpoint } = this.#forwarding;
    const raw = rawTexts(controller.rawHeaders);
    const headers = responseHeaders(raw, exchange.requestId);
    const cookie = stickyCookie({
      rawResponseHeaders: raw,
      requestedInstance: this.#forwarding.stickyInstance,
      instanceGuid: endpoint.instanceGuid,
      contextPath: this.#forwarding.contextPath,
    });
    if (cookie !== undefined) headers.push("Set-Cookie", cookie);
    exchange.status = status;
    endpoint.markSound();
    response.writeHead(status, statusMessage ?? "", headers);
    if (headerValues(raw, "content-length").length === 0) response.flushHeaders();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { response, exchange } = this.#forwarding;
    exchange.bytesSent += chunk.length;
    if (response.write(chunk)) return;
    controller.pause();
    response.once("drain", () => controller.resume());
  }

  onResponseEnd(): void {
    const { response } = this.#forwarding;
    response.end(() => this.#settle({ kind: "answered" }));
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    const { response } = this.#forwarding;
    if (response.destroyed) return this.#settle({ kind: "client-gone" });
    if (response.headersSent) {
      this.#settle({ kind: "broken-off", error });
      response.destroy();
      return;
    }
    this.#settle({ kind: "failed", error, wasSent: this.#sentAt !== undefined });
  }

  readonly #onClientClose = (): void => {
    const { response } = this.#forwarding;
    if (response.writableFinished) return this.#settle({ kind: "answered" });
    if (this.#controller !== undefined) this.#controller.abort(new ClientGone());
    this.#settle({ kind: "client-gone" });
  };

  #settle(outcome: ForwardOutcome): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#forwarding.response.off("close", this.#onClientClose);
    if (this.#sentAt !== undefined) {
      this.#forwarding.exchange.backendMs += this.#clock.now().getTime() - this.#sentAt;
    }
    this.#resolve(outcome);
  }
}

function rawTexts(rawHeaders: Dispatcher.DispatchController["rawHeaders"]): string[] {
  if (!Array.isArray(rawHeaders)) return [];
  return rawHeaders.map((part) => (typeof part === "string" ? part : part.toString("latin1")));
}
