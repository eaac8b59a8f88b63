import { Agent, request, type Dispatcher } from "undici";
import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import type { Clock } from "#kernel/clock/clock.ts";
import { internalHeaders, type InternalSecret } from "#kernel/http/internal-auth.ts";
import { requestIdHeaders } from "#kernel/http/request-id.ts";
import { decodeBbsError } from "#diego/models/bbs-error-codec.ts";
import { BbsError } from "#diego/models/bbs-error.ts";
import type { Error as ErrorMessage } from "#diego/models/proto/error_pb.js";
import { serverSentEvents, type ServerSentEvent } from "./events/server-sent-events.ts";

const attempts = 3;
const pauseMs = 500;
const responseTimeoutMs = 30_000;
const maxConnections = 64;

interface BbsTransportOptions {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly secret: InternalSecret;
  readonly clock: Clock;
}

/** Request and response as messages, and the stream of events: what the BBS client is made of. */
export class BbsTransport {
  readonly #options: BbsTransportOptions;
  /** An event stream may be silent for as long as nothing happens. */
  readonly #agent = new Agent({
    headersTimeout: responseTimeoutMs,
    bodyTimeout: 0,
    connections: maxConnections,
  });

  constructor(options: BbsTransportOptions) {
    this.#options = options;
  }

  /**
   * Calls `POST path`. A connection that fails is tried three times in all, half a second apart: every operation of the
   * BBS may be repeated, its second answer at worst being the refusal of what is done already.
   *
   * @throws {BbsError} as the response says; Timeout or Unknown where there is none; InvalidResponse
   */
  async call<Request extends DescMessage, Response extends DescMessage>(
    path: string,
    schemas: { readonly request: Request; readonly response: Response },
    message: MessageInitShape<Request>,
  ): Promise<MessageShape<Response>> {
    const body = toBinary(schemas.request, create(schemas.request, message));
    const response = await this.#post(path, body);
    const answer = await readAnswer(path, schemas.response, response);
    const error = errorOf(answer);
    if (error !== undefined) throw decodeBbsError(error);
    return answer;
  }

  /** Resolves once the BBS has subscribed us. The events end with the connection, or once `signal` aborts. */
  async events(
    path: string,
    body: Uint8Array,
    signal: AbortSignal,
  ): Promise<AsyncIterable<ServerSentEvent>> {
    const response = await this.#post(path, body, signal);
    if (response.statusCode !== 200) {
      await response.body.dump();
      throw unexpectedStatus(path, response.statusCode);
    }
    return serverSentEvents(response.body);
  }

  async #post(
    path: string,
    body: Uint8Array,
    signal?: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    const { url, secret, clock } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await request(`${url}${path}`, {
          method: "POST",
          headers: {
            ...internalHeaders(secret),
            ...requestIdHeaders(),
            "content-type": "application/x-protobuf",
          },
          body,
          dispatcher: this.#agent,
          ...(signal === undefined ? {} : { signal }),
        });
      } catch (cause) {
        if (signal?.aborted === true) throw cause;
        if (isTimeout(cause)) {
          throw new BbsError("Timeout", `BBS does not answer "${path}"`, { cause });
        }
        if (attempt === attempts) {
          throw new BbsError("Unknown", `Cannot reach the BBS at "${url}"`, { cause });
        }
        await clock.sleep(pauseMs, signal);
      }
    }
  }
}

async function readAnswer<Response extends DescMessage>(
  path: string,
  schema: Response,
  response: Dispatcher.ResponseData,
): Promise<MessageShape<Response>> {
  const bytes = await response.body.bytes().catch((cause: unknown) => {
    throw new BbsError("Unknown", `BBS broke off its answer to "${path}"`, { cause });
  });
  if (response.statusCode !== 200) throw unexpectedStatus(path, response.statusCode);
  try {
    return fromBinary(schema, bytes);
  } catch (cause) {
    throw new BbsError("InvalidResponse", `BBS answers "${path}" with no message`, { cause });
  }
}

/** Every response but the ping's has one. */
function errorOf(answer: { readonly error?: ErrorMessage } | object): ErrorMessage | undefined {
  return "error" in answer ? answer.error : undefined;
}

function unexpectedStatus(path: string, status: number): BbsError {
  return new BbsError("InvalidResponse", `BBS answers "${path}" with status ${status}`);
}

function isTimeout(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && /^UND_ERR_.*_TIMEOUT$/.test(String(error.code))
  );
}
