import { z } from "zod";
import { Failure } from "../failure.ts";
import type { HttpTransport } from "./http-transport.ts";

const envelopeSchema = z.object({
  timestamp: z.union([z.string(), z.number()]).transform((value) => BigInt(value)),
  instance_id: z.string().default(""),
  tags: z.record(z.string(), z.string()).default({}),
  log: z
    .object({
      payload: z.string().default(""),
      type: z.union([z.string(), z.number()]).default("OUT"),
    })
    .optional(),
});

const readSchema = z.object({
  envelopes: z.object({ batch: z.array(envelopeSchema).default([]) }).default({ batch: [] }),
});

export interface LogMessage {
  /** Nanoseconds since the epoch. */
  readonly timestamp: bigint;
  readonly sourceType: string;
  readonly instance: string;
  readonly type: "OUT" | "ERR";
  readonly text: string;
}

export interface ReadOptions {
  /** Inclusive, in nanoseconds; undefined reads from the beginning. */
  readonly startTime?: bigint;
  readonly limit?: number;
  readonly descending?: boolean;
  readonly signal?: AbortSignal;
}

/** The beginning of time as the official client sends it. */
const beginning = -6_795_364_578_871_345_152n;

/** Reads an app's log over log-cache's HTTP API. */
export class LogCache {
  readonly #transport: HttpTransport;
  readonly #origin: string;
  readonly #accessToken: () => Promise<string>;
  #base: Promise<string> | undefined;

  constructor(options: {
    readonly transport: HttpTransport;
    /** Only its scheme, host and port count, as for the official client. */
    readonly url: string;
    readonly accessToken: () => Promise<string>;
  }) {
    this.#transport = options.transport;
    this.#origin = URL.parse(options.url)?.origin ?? options.url;
    this.#accessToken = options.accessToken;
  }

  async read(sourceId: string, options: ReadOptions): Promise<LogMessage[]> {
    this.#base ??= this.#findBase();
    const query = new URLSearchParams({ start_time: String(options.startTime ?? beginning) });
    query.set("envelope_types", "LOG");
    if (options.limit !== undefined) query.set("limit", String(options.limit));
    if (options.descending === true) query.set("descending", "true");
    const text = await this.#get(
      `${await this.#base}/read/${sourceId}?${query.toString()}`,
      options.signal,
    );
    const batch = parseRead(text).envelopes.batch;
    return batch.flatMap(({ timestamp, instance_id: instance, tags, log }) => {
      if (log === undefined) return [];
      return {
        timestamp,
        instance,
        sourceType: tags["source_type"] ?? "",
        type: log.type === "ERR" || log.type === 1 ? ("ERR" as const) : ("OUT" as const),
        text: Buffer.from(log.payload, "base64").toString("utf8"),
      };
    });
  }

  /** log-cache before 2.0 serves `/v1`; before 1.5 it has no info document. */
  async #findBase(): Promise<string> {
    const answer = await this.#send(`${this.#origin}/api/v1/info`);
    if (answer.status === 404) return `${this.#origin}/v1`;
    if (answer.status !== 200) throw new LogCacheError(answer.status);
    const version = /"version"\s*:\s*"(\d+)/.exec(answer.body.toString("utf8"))?.[1];
    return Number(version ?? 2) >= 2 ? `${this.#origin}/api/v1` : `${this.#origin}/v1`;
  }

  async #get(url: string, signal: AbortSignal | undefined): Promise<string> {
    const answer = await this.#send(url, signal);
    if (answer.status !== 200) throw new LogCacheError(answer.status);
    return answer.body.toString("utf8");
  }

  async #send(url: string, signal?: AbortSignal) {
    return await this.#transport.send({
      method: "GET",
      url,
      headers: { Authorization: await this.#accessToken() },
      ...(signal === undefined ? {} : { signal }),
    });
  }
}

export class LogCacheError extends Failure {
  readonly status: number;
  constructor(status: number) {
    super(`unexpected status code ${status}`);
    this.name = "LogCacheError";
    this.status = status;
  }
}

function parseRead(text: string): z.infer<typeof readSchema> {
  try {
    return readSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new Failure("Log Cache answered in a form that this client does not know", {
      cause: error,
    });
  }
}
