import type {
  Agent,
  ClientRequest,
  IncomingHttpHeaders,
  IncomingMessage,
  RequestOptions,
} from "node:http";
import { buffer } from "node:stream/consumers";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Clock } from "#kernel/clock/clock.ts";
import { nextTurn } from "#kernel/clock/next-turn.ts";
import type { Environment } from "../environment.ts";
import { ConnectionError } from "./connection-error.ts";

// Not imported: an import evaluates every export of a built-in module, here all of undici and TLS, a fifth of the time
// of a short command.
const http = process.getBuiltinModule("node:http");

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | StreamBody;
  readonly signal?: AbortSignal;
}

/** A body whose length is known before it is read, so that it goes out with an exact Content-Length. */
export interface StreamBody {
  readonly length: number;
  open(): Readable;
}

interface HttpHead {
  readonly status: number;
  readonly statusText: string;
  readonly httpVersion: string;
  readonly headers: IncomingHttpHeaders;
}

export interface HttpAnswer extends HttpHead {
  readonly body: Buffer;
}

/** An answer whose body is still to come, for what is too large to hold; whoever asked for it reads or destroys it. */
export interface HttpStream extends HttpHead {
  readonly body: Readable;
}

/** Sees every exchange, for `-v` and CF_TRACE. */
export interface ExchangeObserver {
  request(request: HttpRequest): void;
  answer(request: HttpRequest, answer: HttpAnswer): void;
}

export interface TransportOptions {
  readonly skipSslValidation: boolean;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly observer?: ExchangeObserver;
}

/**
 * HTTP over node:http rather than fetch: uploads need an exact Content-Length on a stream, and certificate checks and
 * proxies are settings of one connection, not of the process. Answers have no time limit: the server may hold a GET
 * until the state that it asks for changes.
 */
export class HttpTransport implements Disposable {
  readonly #options: TransportOptions;
  readonly #http: Agent;
  readonly #httpProxied: Agent;
  #https: Agent | undefined;
  readonly #dialTimeoutMs: number;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#http = new http.Agent({ keepAlive: true });
    this.#httpProxied = new http.Agent({ keepAlive: true, proxyEnv: { ...options.environment } });
    const seconds = Number(options.environment["CF_DIAL_TIMEOUT"] ?? "");
    this.#dialTimeoutMs = (Number.isFinite(seconds) && seconds > 0 ? seconds : 6) * 1_000;
  }

  /** Resolves with whatever the server answered; rejects with a `ConnectionError` where it did not. */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    this.#options.observer?.request(request);
    // While hashing or packing kept the thread, a server may have closed idle connections. What has happened to them is
    // seen in the first turn, and handed on in the second; a POST sent on one would fail, and is not sent again.
    await nextTurn();
    await nextTurn();
    const stream = await this.#exchange(request);
    const answer = { ...stream, body: await this.#whole(request, stream.body) };
    this.#options.observer?.answer(request, answer);
    return answer;
  }

  /** As `send`, but the answer's body is not read. */
  async open(request: HttpRequest): Promise<HttpStream> {
    this.#options.observer?.request(request);
    const stream = await this.#exchange(request);
    this.#options.observer?.answer(request, { ...stream, body: Buffer.alloc(0) });
    return stream;
  }

  [Symbol.dispose](): void {
    for (const agent of [this.#http, this.#httpProxied, this.#https]) agent?.destroy();
  }

  async #whole(request: HttpRequest, body: Readable): Promise<Buffer> {
    try {
      return await buffer(body);
    } catch (error) {
      this.#options.signal.throwIfAborted();
      request.signal?.throwIfAborted();
      throw new ConnectionError(parseUrl(request.url), error);
    }
  }

  async #exchange(request: HttpRequest): Promise<HttpStream> {
    const url = parseUrl(request.url);
    const signals = [
      this.#options.signal,
      ...(request.signal === undefined ? [] : [request.signal]),
    ];
    const signal = AbortSignal.any(signals);
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const outgoing = this.#open(url, {
      method: request.method,
      headers: { ...request.headers, ...contentLength(request) },
      signal,
    });
    outgoing.once("response", resolve);
    outgoing.on("error", reject);
    const dialled = this.#limitDial(outgoing, url);
    try {
      const sent = sendBody(outgoing, request.body);
      // A server may refuse an upload before it has read it: then its answer counts, not the broken pipe.
      sent.catch(reject);
      const incoming = await promise;
      return {
        status: incoming.statusCode ?? 0,
        statusText: incoming.statusMessage ?? "",
        httpVersion: incoming.httpVersion,
        headers: incoming.headers,
        body: incoming,
      };
    } catch (error) {
      signal.throwIfAborted();
      throw new ConnectionError(url, error);
    } finally {
      dialled.abort();
    }
  }

  /** What makes the connections to an `http:` or `https:` URL. */
  agentFor(url: URL): Agent {
    if (url.protocol !== "https:") return isLoopback(url.hostname) ? this.#http : this.#httpProxied;
    const https = process.getBuiltinModule("node:https");
    this.#https ??= new https.Agent({
      keepAlive: true,
      proxyEnv: { ...this.#options.environment },
      rejectUnauthorized: !this.#options.skipSslValidation,
    });
    return this.#https;
  }

  #open(url: URL, options: RequestOptions): ClientRequest {
    const agent = this.agentFor(url);
    if (url.protocol !== "https:") return http.request(url, { ...options, agent });
    return process.getBuiltinModule("node:https").request(url, { ...options, agent });
  }

  /** Gives up on a connection that is not made in time; the returned controller ends the watch. */
  #limitDial(outgoing: ClientRequest, url: URL): AbortController {
    const dialled = new AbortController();
    outgoing.once("socket", (socket) => {
      if (!socket.connecting) return dialled.abort();
      socket.once("connect", () => dialled.abort());
    });
    this.#options.clock.sleep(this.#dialTimeoutMs, dialled.signal).then(
      () =>
        outgoing.destroy(
          new Error(`no connection to ${url.host} within ${this.#dialTimeoutMs} ms`),
        ),
      () => undefined,
    );
    return dialled;
  }
}

function contentLength({ method, body }: HttpRequest): Record<string, number> {
  if (body === undefined) return /^(POST|PUT|PATCH)$/.test(method) ? { "Content-Length": 0 } : {};
  return { "Content-Length": typeof body === "string" ? Buffer.byteLength(body) : body.length };
}

async function sendBody(outgoing: ClientRequest, body: HttpRequest["body"]): Promise<void> {
  if (body === undefined || typeof body === "string") outgoing.end(body);
  else await pipeline(body.open(), outgoing);
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new ConnectionError(undefined, new Error(`"${text}" is not an http or https URL`));
  }
  return url;
}

/** Go's proxy rules, which the official client follows, never send loopback addresses through a proxy. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host.startsWith("127.");
}
