import * as z from "zod/mini";
import { SignedOut, type Session } from "../sign-in/session.ts";

/** What the platform answers instead: in its own words, with the status. */
export class ApiFailure extends Error {
  override readonly name = "ApiFailure";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const errorsSchema = z.object({ errors: z.array(z.object({ detail: z.string() })) });

export interface Asked {
  readonly signal?: AbortSignal;
  /** Whether the answer may be held until something changes. Lists of this page wait for nothing. */
  readonly mayWait?: boolean;
}

/** The public APIs below the platform's origin, as whoever is signed in. */
export class PlatformApi {
  readonly #root: URL;
  readonly #session: Session;

  constructor(root: URL, session: Session) {
    this.#root = root;
    this.#session = session;
  }

  /** As a client is given it: `http://127.0.0.1:9080`. */
  get address(): string {
    return this.#root.href.replace(/\/$/, "");
  }

  /** @throws ApiFailure, SignedOut; TypeError where nothing answers */
  async get<T>(path: string, schema: z.ZodMiniType<T>, asked: Asked = {}): Promise<T> {
    const response = await this.#ask(path, { method: "GET" }, asked);
    return schema.parse(await response.json());
  }

  async post(path: string, body?: object): Promise<void> {
    await this.#ask(path, {
      method: "POST",
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
  }

  /** @throws as `get` */
  async postFor<T>(path: string, body: object, schema: z.ZodMiniType<T>): Promise<T> {
    const headers = { "content-type": "application/json" };
    const response = await this.#ask(path, { method: "POST", body: JSON.stringify(body), headers });
    return schema.parse(await response.json());
  }

  urlOf(path: string): URL {
    return new URL(path, this.#root);
  }

  /** The body as it comes. */
  async stream(
    path: string,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const response = await this.#ask(path, { method: "GET" }, { signal });
    if (response.body === null) throw new ApiFailure(response.status, "The answer is empty");
    return response.body;
  }

  async #ask(path: string, init: RequestInit, asked: Asked = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("authorization", `bearer ${await this.#session.token()}`);
    headers.set("accept", "application/json");
    headers.set("prefer", asked.mayWait === true ? "wait=20" : "wait=0");
    const response = await fetch(new URL(path, this.#root), {
      ...init,
      headers,
      cache: "no-store",
      ...(asked.signal === undefined ? {} : { signal: asked.signal }),
    });
    if (response.ok) return response;
    if (response.status === 401) throw new SignedOut("The login has ended");
    throw new ApiFailure(response.status, await reasonOf(response));
  }
}

async function reasonOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const [first] = errorsSchema.parse(JSON.parse(text)).errors;
    return first?.detail ?? `The platform answers ${response.status}`;
  } catch {
    return `The platform answers ${response.status}`;
  }
}
