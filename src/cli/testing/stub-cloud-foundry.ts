import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { buffer } from "node:stream/consumers";

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  /** "GET /v3/apps". */
  readonly line: string;
}

export interface StubAnswer {
  readonly status?: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type StubHandler = (request: RecordedRequest, match: readonly string[]) => StubAnswer;

/**
 * A Cloud Foundry that is nothing but a table of answers: Cloud Controller, UAA and log-cache on one port. It records
 * what it is asked, and refuses what it has no answer for.
 */
export class StubCloudFoundry implements AsyncDisposable {
  readonly requests: RecordedRequest[] = [];
  /** Requests that had no answer; a test that leaves any has overlooked something. */
  readonly unexpected: string[] = [];
  readonly #server: Server;
  readonly #handlers: { readonly pattern: RegExp; readonly handler: StubHandler }[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<StubCloudFoundry> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const stub = new StubCloudFoundry(server);
    server.on("request", (request, response) => {
      void stub.#answer(request).then(({ status = 200, json, text, headers = {} }) => {
        const body = text ?? (json === undefined ? "" : JSON.stringify(json));
        response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
      });
    });
    return stub;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The stub has no port");
    return `http://127.0.0.1:${address.port}`;
  }

  /** Answers requests whose "METHOD /path" matches from now on; the newest answer counts. */
  on(pattern: RegExp, handler: StubHandler): this {
    this.#handlers.unshift({ pattern: new RegExp(`^${pattern.source}$`), handler });
    return this;
  }

  /** The "METHOD /path" of all requests so far. */
  lines(): string[] {
    return this.requests.map(({ line }) => line);
  }

  /** The newest request of that line. */
  request(line: string): RecordedRequest {
    const found = this.requests.findLast((request) => request.line === line);
    if (found === undefined)
      throw new Error(`Nobody sent ${line}; there were ${this.lines().join()}`);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #answer(incoming: IncomingMessage): Promise<StubAnswer> {
    const url = new URL(incoming.url ?? "/", this.url);
    const request: RecordedRequest = {
      method: incoming.method ?? "",
      path: url.pathname,
      query: url.searchParams,
      headers: incoming.headers,
      body: await buffer(incoming),
      line: `${incoming.method} ${url.pathname}`,
    };
    this.requests.push(request);
    for (const { pattern, handler } of this.#handlers) {
      const match = pattern.exec(request.line);
      if (match !== null) return handler(request, match);
    }
    this.unexpected.push(request.line);
    const detail = "Unknown request";
    return { status: 404, json: { errors: [{ code: 10000, title: "CF-NotFound", detail }] } };
  }
}

/** A V3 error document. */
export function v3Error(
  status: number,
  detail: string,
  title = "CF-UnprocessableEntity",
): StubAnswer {
  return { status, json: { errors: [{ code: 10008, title, detail }] } };
}

export function resources(...items: unknown[]): StubAnswer {
  return { json: { pagination: { next: null }, resources: items } };
}
