import { toNanoseconds } from "#kernel/clock/clock.ts";
import type { LogIngest } from "#log-cache/client.ts";
import type { Exchange } from "./exchange.ts";
import { headerValues } from "./request-target.ts";

/**
 * One line for each request, in the app's own log: gorouter's format, to which tools have been written
 * (routing-release, docs/04-observability.md). Missing values print as "-".
 */
function accessLogLine(exchange: Exchange, endedAt: Date): string {
  const { request, endpoint } = exchange;
  const header = (name: string) => quoted(headerValues(request.rawHeaders, name).join(", "));
  const responseTime = endedAt.getTime() - exchange.startedAt.getTime();
  return [
    `${oneLine(exchange.target.hostHeader)} - [${exchange.startedAt.toISOString()}]`,
    quoted(`${request.method} ${exchange.target.target} HTTP/${request.httpVersion}`),
    exchange.status,
    exchange.bytesReceived,
    exchange.bytesSent,
    header("referer"),
    header("user-agent"),
    quoted(`${request.remoteAddress}:${request.remotePort}`),
    quoted(endpoint?.address ?? ""),
    `x_forwarded_for:${header("x-forwarded-for")}`,
    `x_forwarded_proto:${header("x-forwarded-proto")}`,
    `vcap_request_id:${quoted(exchange.requestId)}`,
    `response_time:${seconds(responseTime)}`,
    `gorouter_time:${seconds(Math.max(0, responseTime - exchange.backendMs))}`,
    `app_id:${quoted(endpoint?.registration.app ?? "")}`,
    `app_index:${quoted(endpoint?.registration.private_instance_index ?? "")}`,
    `instance_id:${quoted(endpoint?.instanceGuid ?? "")}`,
    ...(exchange.failedAttempts === 0 ? [] : [`failed_attempts:${exchange.failedAttempts}`]),
    `x_cf_routererror:${quoted(exchange.routerError ?? "")}`,
  ].join(" ");
}

/** Requests that reached no route belong to no app and are not logged here. */
export function emitAccessLog(logs: LogIngest, exchange: Exchange, endedAt: Date): void {
  const registration = exchange.endpoint?.registration;
  if (registration === undefined || registration.app === "") return;
  logs.emit({
    sourceId: registration.app,
    instanceId: "0",
    sourceType: "RTR",
    type: "OUT",
    payload: accessLogLine(exchange, endedAt).slice(0, maxLineLength),
    timestamp: toNanoseconds(endedAt),
    origin: "gorouter",
    tags: registration.tags,
  });
}

const maxLineLength = 32_768;

/** What a client sent must not look like fields of the line, or like another line. */
function quoted(value: string): string {
  return `"${value === "" ? "-" : oneLine(value).replace(/["\\]/g, "\\$&")}"`;
}

function oneLine(value: string): string {
  return value.replace(/\p{Cc}/gu, " ");
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1_000).toFixed(6);
}
