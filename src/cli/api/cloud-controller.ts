import { randomBytes } from "node:crypto";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { z } from "zod";
import { Failure } from "../failure.ts";
import { ConnectionError } from "./connection-error.ts";
import { toApiError } from "./api-error.ts";
import type { HttpAnswer, HttpRequest, HttpTransport } from "./http-transport.ts";

export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface CallOptions {
  readonly query?: Query;
  readonly body?: HttpRequest["body"];
  readonly contentType?: string;
  readonly accept?: string;
  /** How the server may answer (RFC 7240), such as `wait=20`. */
  readonly prefer?: string;
  readonly signal?: AbortSignal;
}

export interface CloudControllerOptions {
  readonly transport: HttpTransport;
  /** Scheme, host and port of the API, without a slash at the end. */
  readonly target: string;
  readonly userAgent: string;
  accessToken(): Promise<string>;
  /** Takes what the API says in `X-Cf-Warnings`. */
  warn(warning: string): void;
}

const triesAfterFailure = 2;
const mostRedirects = 5;

/** Calls of the V3 API: authorisation, retries, warnings, errors. What an endpoint means stands in its own file. */
export class CloudController {
  readonly #options: CloudControllerOptions;
  readonly #traceId = randomBytes(16).toString("hex");

  constructor(options: CloudControllerOptions) {
    this.#options = options;
  }

  async get<T>(path: string, schema: z.ZodType<T>, options: CallOptions = {}): Promise<T> {
    return await this.send("GET", path, schema, options);
  }

  /** Every page of a list. */
  async list<T>(path: string, schema: z.ZodType<T>, query: Query = {}): Promise<T[]> {
    const pages = z.object({ resources: z.array(schema), pagination: paginationSchema.optional() });
    const resources: T[] = [];
    let next: string | undefined = this.#url(path, query);
    while (next !== undefined) {
      const page: z.infer<typeof pages> = parseAnswer(path, await this.call("GET", next), pages);
      for (const resource of page.resources) resources.push(resource);
      next = page.pagination?.next?.href;
    }
    return resources;
  }

  async first<T>(path: string, schema: z.ZodType<T>, query: Query): Promise<T | undefined> {
    const page = await this.get(path, z.object({ resources: z.array(schema) }), {
      query: { ...query, page: "1", per_page: "1" },
    });
    return page.resources.at(0);
  }

  async post<T>(path: string, body: unknown, schema: z.ZodType<T>): Promise<T> {
    return await this.send("POST", path, schema, { body: JSON.stringify(body) });
  }

  async patch<T>(path: string, body: unknown, schema: z.ZodType<T>): Promise<T> {
    return await this.send("PATCH", path, schema, { body: JSON.stringify(body) });
  }

  /** One call whose answer is JSON of that form. */
  async send<T>(
    method: string,
    path: string,
    schema: z.ZodType<T>,
    options: CallOptions,
  ): Promise<T> {
    return parseAnswer(path, await this.call(method, path, options), schema);
  }

  /** One call; the answer is below 400, else an `ApiError` is thrown. `path` may be a whole URL. */
  async call(method: string, path: string, options: CallOptions = {}): Promise<HttpAnswer> {
    const url = this.#url(path, options.query);
    const request = {
      method,
      url,
      headers: await this.#headers(options),
      ...(options.body === undefined ? {} : { body: options.body }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    };
    const answer = await this.#sendWithRetries(request);
    for (const warning of warningsOf(answer)) this.#options.warn(warning);
    if (answer.status >= 400) throw toApiError(url, answer);
    return answer;
  }

  /**
   * The bytes of a blob. Cloud Controller answers with the address at which its blobstore hands them out, or with the bytes
   * themselves; only it gets the token.
   */
  async download(path: string): Promise<Readable> {
    const { transport } = this.#options;
    let url = this.#url(path);
    let headers = await this.#headers({ accept: "*/*" });
    for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
      const answer = await transport.open({ method: "GET", url, headers });
      const { location } = answer.headers;
      if (answer.status < 300) return answer.body;
      const body = await buffer(answer.body);
      if (answer.status >= 400 || location === undefined)
        throw toApiError(url, { ...answer, body });
      const next = new URL(location, url);
      if (next.origin !== new URL(url).origin) {
        const { Authorization: _, ...others } = headers;
        headers = others;
      }
      url = next.href;
    }
    throw new Failure(`${path} redirects more than ${mostRedirects} times`);
  }

  async #sendWithRetries(request: HttpRequest): Promise<HttpAnswer> {
    const tries = request.method === "POST" ? 0 : triesAfterFailure;
    for (let failures = 0; ; failures += 1) {
      try {
        const answer = await this.#options.transport.send(request);
        if (![500, 502, 503, 504].includes(answer.status) || failures >= tries) return answer;
      } catch (error) {
        if (!(error instanceof ConnectionError) || failures >= tries) throw error;
      }
    }
  }

  async #headers(options: CallOptions): Promise<Record<string, string>> {
    const token = await this.#options.accessToken();
    return {
      "User-Agent": this.#options.userAgent,
      Accept: options.accept ?? "application/json",
      "Content-Type": options.contentType ?? "application/json",
      "X-B3-TraceId": this.#traceId,
      "X-B3-SpanId": randomBytes(8).toString("hex"),
      ...(options.prefer === undefined ? {} : { Prefer: options.prefer }),
      ...(token === "" ? {} : { Authorization: token }),
    };
  }

  #url(path: string, query: Query = {}): string {
    const base = /^https?:/.test(path) ? path : `${this.#options.target}${path}`;
    const parameters = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) {
      if (value !== undefined)
        parameters.set(key, typeof value === "string" ? value : value.join(","));
    }
    parameters.sort();
    const text = parameters.toString();
    return text === "" ? base : `${base}?${text}`;
  }
}

const paginationSchema = z.object({ next: z.object({ href: z.string() }).nullish() });

/** The answer's JSON, which must be of that form. */
export function parseAnswer<T>(path: string, answer: HttpAnswer, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(parseJson(path, answer.body.toString("utf8")));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues.at(0);
  throw new Failure(
    `The API's answer to ${path} has a form that this client does not know: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`,
  );
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Failure(`Invalid JSON content from server for ${path}: ${String(error)}`, {
      cause: error,
    });
  }
}

/** `X-Cf-Warnings` holds percent-encoded texts with commas between. */
function warningsOf(answer: HttpAnswer): string[] {
  const header = answer.headers["x-cf-warnings"];
  const text = Array.isArray(header) ? header.join(",") : (header ?? "");
  return text
    .split(",")
    .filter((warning) => warning !== "")
    .map((warning) => decode(warning.replaceAll("+", " ")));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
