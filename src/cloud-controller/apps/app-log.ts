import { toNanoseconds, type Clock } from "#kernel/clock/clock.ts";
import type { LogIngest } from "#log-cache/client.ts";

/** Writes lines of source `API` to an app's stream: what Cloud Controller did with the app. */
export class AppLog {
  readonly #logs: LogIngest;
  readonly #clock: Clock;

  constructor(logs: LogIngest, clock: Clock) {
    this.#logs = logs;
    this.#clock = clock;
  }

  write(
    app: { readonly guid: string; readonly name: string; readonly spaceGuid: string },
    line: string,
    options: { readonly sourceType?: "API" | "STG" | "CELL"; readonly type?: "OUT" | "ERR" } = {},
  ): void {
    this.#logs.emit({
      sourceId: app.guid,
      instanceId: "0",
      sourceType: options.sourceType ?? "API",
      type: options.type ?? "OUT",
      payload: line,
      timestamp: toNanoseconds(this.#clock.now()),
      origin: "cloud_controller",
      tags: { app_id: app.guid, app_name: app.name, space_id: app.spaceGuid },
    });
  }
}
