import type { IncomingMessage } from "node:http";
import type { Endpoint } from "./endpoint.ts";
import type { RequestHead, RequestTarget } from "./request-target.ts";

/** A request as the proxy and the access log see it. */
export interface ClientRequest extends RequestHead {
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/** One request with its answer, filled in as it goes. */
export interface Exchange {
  readonly request: ClientRequest;
  readonly target: RequestTarget;
  readonly requestId: string;
  readonly startedAt: Date;
  /** The one that was tried last. */
  endpoint: Endpoint | undefined;
  /** 0 until there is one. */
  status: number;
  routerError: string | undefined;
  /** Of bodies, in bytes. */
  bytesReceived: number;
  bytesSent: number;
  failedAttempts: number;
  /** Time that the app took, from the first byte sent to it to the end of its answer. */
  backendMs: number;
}

export function clientRequestOf(message: IncomingMessage): ClientRequest {
  return {
    method: message.method ?? "",
    url: message.url ?? "",
    httpVersion: message.httpVersion,
    rawHeaders: message.rawHeaders,
    remoteAddress: message.socket.remoteAddress ?? "",
    remotePort: message.socket.remotePort ?? 0,
  };
}
