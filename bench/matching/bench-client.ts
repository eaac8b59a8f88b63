import { once } from "node:events";
import { createReadStream, statSync } from "node:fs";
import type { ChildProcess } from "node:child_process";
import { Readable } from "node:stream";
import { request } from "undici";
import { z } from "zod";

const figuresSchema = z.object({
  cpuMs: z.number(),
  grownBytes: z.number(),
  delayP99Ms: z.number(),
  delayMaxMs: z.number(),
});

/** What a part of the benchmark cost: by the client's clock, and in the server's process. */
export interface Figures extends z.infer<typeof figuresSchema> {
  readonly tookMs: number;
}

const readySchema = z.object({ url: z.string(), token: z.string(), apps: z.array(z.string()) });

/** The requests of a push, and the measured server's own figures beside them. */
export class BenchClient {
  readonly apps: readonly string[];
  readonly #server: ChildProcess;
  readonly #url: string;
  readonly #authorization: string;

  private constructor(server: ChildProcess, ready: z.infer<typeof readySchema>) {
    this.#server = server;
    this.#url = ready.url;
    this.#authorization = `bearer ${ready.token}`;
    this.apps = ready.apps;
  }

  static async of(server: ChildProcess): Promise<BenchClient> {
    return new BenchClient(server, readySchema.parse(await told(server)));
  }

  async measure(work: () => Promise<void>): Promise<Figures> {
    await this.#ask("begin");
    const started = performance.now();
    await work();
    const tookMs = performance.now() - started;
    return { tookMs, ...figuresSchema.parse(await this.#ask("end")) };
  }

  async send(
    method: "GET" | "POST",
    path: string,
    body?: string | Readable,
    headers: Record<string, string> = { "content-type": "application/json" },
  ): Promise<string> {
    const answer = await request(`${this.#url}${path}`, {
      method,
      headers: { authorization: this.#authorization, ...headers },
      ...(body === undefined ? {} : { body }),
      headersTimeout: 600_000,
      bodyTimeout: 600_000,
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${text}`);
    return text;
  }

  /** Uploads what there is and waits until the package is READY. */
  async push(
    app: string,
    upload: { readonly zip: string; readonly resources?: string | undefined },
  ): Promise<void> {
    const relationships = { app: { data: { guid: app } } };
    const created = await this.send(
      "POST",
      "/v3/packages",
      JSON.stringify({ type: "bits", relationships }),
    );
    const { guid } = z.object({ guid: z.string() }).parse(JSON.parse(created));
    const field = (name: string) => `--b\r\nContent-Disposition: form-data; name="${name}"`;
    const resources =
      upload.resources === undefined ? "" : `${field("resources")}\r\n\r\n${upload.resources}\r\n`;
    const head = Buffer.from(
      `${resources}${field("bits")}; filename="a.zip"\r\nContent-Type: application/zip\r\n\r\n`,
    );
    const tail = Buffer.from("\r\n--b--\r\n");
    await this.send("POST", `/v3/packages/${guid}/upload`, Readable.from(parts()), {
      "content-type": "multipart/form-data; boundary=b",
      "content-length": String(head.length + statSync(upload.zip).size + tail.length),
    });
    // Held by the server until the state changes.
    for (;;) {
      const found = JSON.parse(await this.send("GET", `/v3/packages/${guid}`));
      if (found.state === "READY") return;
      if (found.state === "FAILED") throw new Error(JSON.stringify(found.data));
    }

    async function* parts(): AsyncGenerator<Buffer> {
      yield head;
      yield* createReadStream(upload.zip);
      yield tail;
    }
  }

  async #ask(question: string): Promise<unknown> {
    const answer = told(this.#server);
    this.#server.send(question);
    return await answer;
  }
}

async function told(server: ChildProcess): Promise<unknown> {
  const over = new AbortController();
  const exited = once(server, "exit", { signal: over.signal }).then(() => {
    throw new Error("the server ended");
  });
  exited.catch(() => undefined);
  try {
    const [message] = await Promise.race([
      once(server, "message", { signal: over.signal }),
      exited,
    ]);
    return message;
  } finally {
    over.abort();
  }
}
