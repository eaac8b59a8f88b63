import assert from "node:assert/strict";
import { z } from "zod";
import { askedLine } from "./asked.ts";
import * as reads from "./reads.ts";

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed where it is JSON, else the text. */
  readonly body: unknown;
}

interface Ask {
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  /** Instead of the administrator's token. */
  readonly authorization?: string;
}

/**
 * Asks as the official client asks: its headers, a JSON content type on every request even without a body, and its
 * look-ups by name. Every answer is parsed for what the client reads of it. What was asked is kept.
 */
export class Wire {
  readonly #origin: string;
  readonly #token: () => string;
  #asked: string[] = [];

  constructor(origin: string, token: () => string) {
    this.#origin = origin;
    this.#token = token;
  }

  /** What was asked since the last call. */
  takeAsked(): readonly string[] {
    const asked = this.#asked;
    this.#asked = [];
    return asked;
  }

  /** One request with any answer. `target` is a path, or a whole URL as a link gives it. */
  async ask(method: string, target: string, ask: Ask = {}): Promise<Answer> {
    const url = new URL(target, this.#origin);
    const contentType = ask.contentType ?? "application/json";
    const text = typeof ask.body === "string" ? ask.body : JSON.stringify(ask.body);
    const multipart = ask.body instanceof FormData ? ask.body : undefined;
    this.#asked.push(
      askedLine({
        method,
        path: url.pathname + url.search,
        body: multipart === undefined ? text : undefined,
        contentType,
      }),
    );
    const response = await fetch(url, {
      method,
      redirect: "manual",
      headers: {
        accept: ask.accept ?? "application/json",
        authorization: ask.authorization ?? this.#token(),
        "user-agent": "cf/9.0.0 (conformance suite)",
        ...(multipart === undefined ? { "content-type": contentType } : {}),
      },
      body: multipart ?? text ?? null,
    });
    return { status: response.status, headers: response.headers, body: await bodyOf(response) };
  }

  /** A request that must succeed with a document of which the client reads `schema`. */
  async read<T>(schema: z.ZodType<T>, method: string, target: string, ask: Ask = {}): Promise<T> {
    const answer = await this.ask(method, target, ask);
    const what = `${method} ${target}: ${answer.status} ${JSON.stringify(answer.body)}`;
    assert.ok(answer.status >= 200 && answer.status < 300, what);
    const parsed = schema.safeParse(answer.body);
    assert.ok(parsed.success, `${what}\n${parsed.success ? "" : z.prettifyError(parsed.error)}`);
    return parsed.data;
  }

  get<T>(schema: z.ZodType<T>, target: string): Promise<T> {
    return this.read(schema, "GET", target);
  }

  post<T>(schema: z.ZodType<T>, target: string, body?: unknown): Promise<T> {
    return this.read(schema, "POST", target, { body });
  }

  patch<T>(schema: z.ZodType<T>, target: string, body: unknown): Promise<T> {
    return this.read(schema, "PATCH", target, { body });
  }

  /** All entries of a list; the client follows `next` until it is null. */
  async list<T>(schema: z.ZodType<T>, target: string): Promise<readonly T[]> {
    const page = z.object({
      pagination: z.object({ next: z.object({ href: z.url() }).nullish() }).nullish(),
      resources: z.array(schema),
    });
    const { pagination, resources } = await this.get(page, target);
    const next = pagination?.next?.href;
    if (next === undefined || /[?&]page=/.test(target)) return resources;
    return [...resources, ...(await this.list(schema, next))];
  }

  /** A look-up by name: exactly one entry. */
  async one<T>(schema: z.ZodType<T>, target: string): Promise<T> {
    const [found, ...others] = await this.list(schema, target);
    assert.ok(found !== undefined && others.length === 0, `GET ${target} has not one entry`);
    return found;
  }

  /** A request whose answer the client does not read. */
  async send(method: string, target: string, ask: Ask = {}): Promise<Answer> {
    const answer = await this.ask(method, target, ask);
    assert.ok(
      answer.status >= 200 && answer.status < 300,
      `${method} ${target}: ${answer.status} ${JSON.stringify(answer.body)}`,
    );
    return answer;
  }

  /** A request that is done at once or by a job, which is followed to its good end. */
  async done(method: string, target: string, ask: Ask = {}): Promise<void> {
    const { headers } = await this.send(method, target, ask);
    const location = headers.get("location");
    if (location !== null) await this.finished(location);
  }

  async finished(job: string): Promise<void> {
    for (;;) {
      const { state, errors } = await this.get(reads.job, job);
      assert.notEqual(state, "FAILED", JSON.stringify(errors));
      if (state === "COMPLETE") return;
    }
  }

  /** A request that must be refused with exactly this. No part of what the client is compared with. */
  async refused(
    method: string,
    target: string,
    expected: { readonly body?: unknown; readonly status: number; readonly detail: RegExp },
  ): Promise<void> {
    const answer = await this.ask(method, target, { body: expected.body });
    this.#asked.pop();
    const { errors } = z
      .object({
        errors: z.array(z.object({ code: z.int(), title: z.string(), detail: z.string() })).min(1),
      })
      .parse(answer.body);
    assert.equal(answer.status, expected.status, JSON.stringify(errors));
    assert.match(errors.map(({ detail }) => detail).join("\n"), expected.detail);
  }
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}
