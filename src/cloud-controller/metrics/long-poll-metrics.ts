import { Gauge, type Registry } from "prom-client";
import type { LongPoll } from "../http/long-poll.ts";

export function meterLongPolls(registry: Registry, longPoll: Pick<LongPoll, "held">): void {
  new Gauge({
    name: "rivera_http_requests_held",
    help: "Requests that wait for a change: of a build, package, deployment, job or starting instance",
    registers: [registry],
    collect() {
      this.set(longPoll.held);
    },
  });
}
