import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Endpoint } from "./endpoint.ts";
import type { Exchange } from "./exchange.ts";
import { requestHeaders, responseHeaders } from "./proxy-headers.ts";

export type UpgradeOutcome =
  /** The tunnel stood, and both sides have ended it. */
  | { readonly kind: "tunnelled" }
  /** The app refused; its answer has gone to the client. */
  | { readonly kind: "answered" }
  | { readonly kind: "client-gone" }
  | { readonly kind: "failed"; readonly error: Error; readonly wasSent: boolean };

export interface UpgradeForwarding {
  readonly message: IncomingMessage;
  readonly client: Duplex;
  /** What the client sent right behind its request. */
  readonly head: Buffer;
  readonly exchange: Exchange;
  readonly endpoint: Endpoint;
  readonly dialTimeoutMs: number;
}

/**
 * Passes an upgrade (WebSocket, mostly) on, and once the app has agreed with 101 copies bytes both ways until one side
 * closes, without a time limit. Where it does not agree, its answer is passed on and the connection closed.
 */
export async function forwardUpgrade(forwarding: UpgradeForwarding): Promise<UpgradeOutcome> {
  const { client, head, exchange, endpoint } = forwarding;
  const answer = await askToUpgrade(forwarding);
  if (answer.kind === "failed") {
    return client.destroyed ? { kind: "client-gone" } : answer;
  }
  const { incoming } = answer;
  exchange.status = incoming.statusCode ?? 502;
  endpoint.markSound();
  const isUpgraded = answer.kind === "upgraded";
  const headers = responseHeaders(incoming.rawHeaders, exchange.requestId);
  if (isUpgraded) headers.push("Connection", "Upgrade", "Upgrade", incoming.headers.upgrade ?? "");
  else headers.push("Connection", "close");
  client.write(headText(exchange.status, incoming.statusMessage ?? "", headers), "latin1");
  if (answer.kind === "upgraded") {
    const { socket, socketHead } = answer;
    if (socketHead.length > 0) client.write(socketHead);
    if (head.length > 0) socket.write(head);
    const [received, sent] = await copyBothWays(client, socket);
    exchange.bytesReceived = received + head.length;
    exchange.bytesSent = sent + socketHead.length;
    return { kind: "tunnelled" };
  }
  await pipeline(incoming, client).catch(() => incoming.destroy());
  return { kind: "answered" };
}

type UpgradeAnswer =
  | {
      readonly kind: "upgraded";
      readonly incoming: IncomingMessage;
      readonly socket: Duplex;
      readonly socketHead: Buffer;
    }
  | { readonly kind: "refused"; readonly incoming: IncomingMessage }
  | { readonly kind: "failed"; readonly error: Error; readonly wasSent: boolean };

function askToUpgrade(forwarding: UpgradeForwarding): Promise<UpgradeAnswer> {
  const { message, client, exchange, endpoint, dialTimeoutMs } = forwarding;
  const { promise, resolve } = Promise.withResolvers<UpgradeAnswer>();
  const headers = requestHeaders(
    {
      rawHeaders: message.rawHeaders,
      target: exchange.target,
      remoteAddress: exchange.request.remoteAddress,
      requestId: exchange.requestId,
      startedAt: exchange.startedAt.getTime(),
    },
    endpoint,
    { hasBody: false },
  );
  headers.push("Connection", "Upgrade", "Upgrade", message.headers.upgrade ?? "");
  const upstream = httpRequest({
    host: endpoint.host,
    port: endpoint.port,
    method: exchange.request.method,
    path: exchange.target.target,
    headers,
    agent: false,
    setHost: false,
    timeout: dialTimeoutMs,
  });
  let wasSent = false;
  const onClientClose = () => upstream.destroy(new Error("The client has gone"));
  client.once("close", onClientClose);
  upstream.once("socket", (socket) => {
    socket.once("connect", () => {
      wasSent = true;
      // The limit is for the dial: an app may think about an upgrade for as long as it likes.
      upstream.setTimeout(0);
    });
  });
  upstream.once("timeout", () => upstream.destroy(new Error("The dial timed out")));
  upstream.once("upgrade", (incoming, socket, socketHead) => {
    client.off("close", onClientClose);
    resolve({ kind: "upgraded", incoming, socket, socketHead });
  });
  upstream.once("response", (incoming) => {
    client.off("close", onClientClose);
    resolve({ kind: "refused", incoming });
  });
  upstream.on("error", (error) => {
    client.off("close", onClientClose);
    resolve({ kind: "failed", error, wasSent });
  });
  upstream.end();
  return promise;
}

/** Resolves with the bytes of each direction once both have ended. An error of one ends the other. */
async function copyBothWays(client: Duplex, backend: Duplex): Promise<[number, number]> {
  const counts: [number, number] = [0, 0];
  client.on("data", (chunk: Buffer) => (counts[0] += chunk.length));
  backend.on("data", (chunk: Buffer) => (counts[1] += chunk.length));
  const end = () => {
    client.destroy();
    backend.destroy();
  };
  await Promise.all([pipeline(client, backend).catch(end), pipeline(backend, client).catch(end)]);
  return counts;
}

function headText(status: number, statusMessage: string, headers: readonly string[]): string {
  const lines = [`HTTP/1.1 ${status} ${statusMessage}`];
  for (let i = 0; i + 1 < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}
