import type { Logger } from "#kernel/log/logger.ts";
import type { CellParts } from "./cell-parts.ts";
import type { Allocation, RunRequest } from "./container.ts";
import { createLogStreamer, type InstanceLog } from "./logs/log-streamer.ts";
import { ObservationSender } from "./observation/observation-sender.ts";
import { unobserved, type Observer } from "./observation/observer.ts";

/**
 * What is told of one container: the lines of its log, the cell's own among them, and what whoever observes it hears.
 * Before it has been given what to run there is neither, and nothing is told.
 */
export class ContainerReport {
  readonly #allocation: Allocation;
  readonly #parts: CellParts;
  readonly #logger: Logger;
  #log: InstanceLog | undefined;
  #observer: Observer = unobserved;
  /** To be said once, at the end. */
  #closingLine = "";
  #hasEnded = false;

  constructor(allocation: Allocation, parts: CellParts, logger: Logger) {
    this.#allocation = allocation;
    this.#parts = parts;
    this.#logger = logger;
  }

  get observer(): Observer {
    return this.#observer;
  }

  get log(): InstanceLog {
    if (this.#log === undefined) throw new Error("The container has been given nothing to run");
    return this.#log;
  }

  /** Of its processes, within the log's limit. */
  get bytesLogged(): number {
    return this.#log?.bytesLogged ?? 0;
  }

  /** @param tags read anew for each line */
  begin(
    { definition, observation }: RunRequest,
    reservedAt: Date,
    tags: () => RunRequest["metricTags"],
  ): void {
    const { owner } = this.#allocation;
    if (observation !== undefined) {
      const { url, closingLine } = observation;
      this.#closingLine = closingLine;
      this.#observer = new ObservationSender({ ...this.#parts, logger: this.#logger, url });
      this.#observer.ended({ name: "place", subject: this.#parts.cellId }, reservedAt);
    }
    this.#log = createLogStreamer(
      {
        sourceId: definition.logGuid,
        instanceId: owner.kind === "lrp" ? String(owner.key.index) : "0",
        get tags() {
          return tags();
        },
        sourceType: definition.logSource,
        rateLimitBytesPerSecond: definition.logRateLimitBytesPerSecond,
      },
      { ...this.#parts, observer: this.#observer },
    );
  }

  /** A step of the cell's with the container: `creating container for instance`. */
  saySelf(type: "OUT" | "ERR", what: string): void {
    this.say(type, `Cell ${this.#parts.cellId} ${what} ${this.#allocation.guid}`);
  }

  say(type: "OUT" | "ERR", line: string): void {
    if (!this.#hasEnded) this.#log?.source("").say(type, line);
  }

  /** The last line, and all that has been told goes out: whoever hears of the end may ask for the log. */
  async handOver(): Promise<void> {
    this.say("OUT", this.#closingLine);
    this.#closingLine = "";
    await this.#observer.flush();
  }

  /** Nothing follows. A container that is kept lives on, but the log is others' then. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    await this.#observer.close();
  }
}
