import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { secondsBuckets } from "#kernel/metrics/registry.ts";
import type { Exchange } from "./exchange.ts";

/** What the router counts. No label names a host, a path or an app: whoever asks could make any number of them. */
export class RouterMetrics {
  readonly #requests: Counter<"code">;
  readonly #refusals: Counter<"error">;
  readonly #failedAttempts: Counter;
  readonly #durations: Histogram;
  readonly #bytes: Counter<"direction">;

  constructor(
    registry: Registry,
    table: { readonly endpointCount: number; readonly hostCount: number },
  ) {
    const registers = [registry];
    this.#requests = new Counter({
      name: "rivera_router_requests_total",
      help: "Requests for apps, by the class of their status",
      labelNames: ["code"],
      registers,
    });
    this.#refusals = new Counter({
      name: "rivera_router_refusals_total",
      help: "Requests that the router answered itself, by what X-Cf-RouterError says",
      labelNames: ["error"],
      registers,
    });
    this.#failedAttempts = new Counter({
      name: "rivera_router_failed_attempts_total",
      help: "Tries of an instance that failed",
      registers,
    });
    this.#durations = new Histogram({
      name: "rivera_router_request_duration_seconds",
      help: "From a request's head to the end of its answer",
      buckets: secondsBuckets,
      registers,
    });
    this.#bytes = new Counter({
      name: "rivera_router_body_bytes_total",
      help: "Bytes of bodies, received from clients and sent to them",
      labelNames: ["direction"],
      registers,
    });
    new Gauge({
      name: "rivera_router_endpoints",
      help: "Instances that are routed to",
      registers,
      collect() {
        this.set(table.endpointCount);
      },
    });
    new Gauge({
      name: "rivera_router_hosts",
      help: "Host names that have a route",
      registers,
      collect() {
        this.set(table.hostCount);
      },
    });
  }

  ended(exchange: Exchange, endedAt: Date): void {
    this.#requests.inc({ code: classOf(exchange.status) });
    this.#durations.observe((endedAt.getTime() - exchange.startedAt.getTime()) / 1_000);
    this.#bytes.inc({ direction: "received" }, exchange.bytesReceived);
    this.#bytes.inc({ direction: "sent" }, exchange.bytesSent);
    if (exchange.failedAttempts > 0) this.#failedAttempts.inc(exchange.failedAttempts);
    if (exchange.routerError !== undefined) this.refused(exchange.routerError);
  }

  /** `code`: value of X-Cf-RouterError, without its reason. */
  refused(code: string): void {
    this.#refusals.inc({ error: code.replace(/ \(.*$/s, "") });
  }
}

/** `2xx`; `none` where the client left before there was one. */
function classOf(status: number): string {
  return status === 0 ? "none" : `${Math.trunc(status / 100)}xx`;
}
