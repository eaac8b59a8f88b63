import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { Loop, type LoopStatus } from "#kernel/loop/loop.ts";
import type { BbsClient } from "#diego/bbs/client.ts";
import type { LrpEvent } from "#diego/models/event.ts";
import type { RouterClient } from "#router/client.ts";
import { RouterUpdates } from "./router-updates.ts";
import { RoutingTable, type DesiredRoutes, type ListedRoutes } from "./routing-table.ts";

export interface RouteEmitterConfig {
  /** Between two listings of the BBS; default 60,000. */
  readonly syncIntervalMs?: number;
  /** Between two registrations of all routes; default 20,000. The router forgets a route after 120 s. */
  readonly emitIntervalMs?: number;
}

export interface RouteEmitterDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly bbs: RouteEmitterBbs;
  readonly router: RouterClient;
}

export type RouteEmitterBbs = Pick<
  BbsClient,
  "subscribeToLrpEvents" | "desiredLrpSchedulingInfos" | "desiredLrps" | "actualLrps" | "domains"
>;

export interface RouteEmitter extends AsyncDisposable {
  loops(): readonly LoopStatus[];
}

const resubscribeAfterMs = 1_000;
/** Events kept while a listing is on its way; beyond, the listing is made again. */
const maxHeldEvents = 10_000;
/** Definitions in one answer of the BBS. */
const maxDefinitions = 200;

/**
 * Tells the router where instances are: subscribes to the BBS's events, lists everything at start and once a minute,
 * and passes every change on at once (docs of route-emitter, diego-release).
 */
export async function startRouteEmitter(
  config: RouteEmitterConfig,
  dependencies: RouteEmitterDependencies,
): Promise<RouteEmitter> {
  return new BbsFollower(config, dependencies);
}

class BbsFollower implements RouteEmitter {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #bbs: RouteEmitterBbs;
  readonly #table = new RoutingTable();
  readonly #updates: RouterUpdates;
  readonly #syncLoop: Loop;
  readonly #emitLoop: Loop;
  readonly #stop = new AbortController();
  readonly #following: Promise<void>;
  /** Events that came while a listing is on its way; undefined where none is. */
  #held: LrpEvent[] | undefined;

  constructor(config: RouteEmitterConfig, dependencies: RouteEmitterDependencies) {
    const logger = dependencies.logger.child("route-emitter");
    const { clock } = dependencies;
    const emitIntervalMs = config.emitIntervalMs ?? 20_000;
    this.#clock = clock;
    this.#logger = logger;
    this.#bbs = dependencies.bbs;
    this.#updates = new RouterUpdates(this.#table, dependencies.router, { clock, emitIntervalMs });
    this.#emitLoop = new Loop({
      name: "emit-routes",
      clock,
      logger,
      periodMs: emitIntervalMs,
      activation: () => this.#updates.send(),
    }).start();
    this.#syncLoop = new Loop({
      name: "sync-routes",
      clock,
      logger,
      periodMs: config.syncIntervalMs ?? 60_000,
      activation: () => this.#sync(),
    }).start();
    this.#following = this.#follow(this.#stop.signal);
  }

  loops(): readonly LoopStatus[] {
    return [this.#syncLoop.status(), this.#emitLoop.status()];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#syncLoop[Symbol.asyncDispose]();
    await this.#emitLoop[Symbol.asyncDispose]();
    await this.#following;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const events = await this.#bbs.subscribeToLrpEvents(signal);
        // What happened before the subscription is in a listing made after it.
        void this.#syncLoop.activate("subscribed");
        for await (const event of events) this.#onEvent(event);
      } catch (error) {
        if (!signal.aborted) this.#logger.warn("subscription-failed", { error });
      }
      await this.#clock.sleep(resubscribeAfterMs, signal).catch(() => undefined);
    }
  }

  #onEvent(event: LrpEvent): void {
    if (this.#held === undefined) this.#apply(event);
    else if (this.#held.length < maxHeldEvents) this.#held.push(event);
    else void this.#syncLoop.activate("too-many-events");
  }

  #apply(event: LrpEvent): void {
    const processGuid = this.#table.apply(event);
    if (processGuid === undefined) return;
    this.#updates.noteChange(processGuid);
    void this.#emitLoop.activate("event");
  }

  async #sync(): Promise<{ readonly processes: number }> {
    this.#held = [];
    try {
      const [freshDomains, actual, listed] = await Promise.all([
        this.#bbs.domains(),
        this.#bbs.actualLrps(),
        this.#bbs.desiredLrpSchedulingInfos(),
      ]);
      const desired = await this.#completed(listed);
      const concerned = this.#table.sync({ desired, actual, freshDomains });
      for (const processGuid of concerned) this.#updates.noteChange(processGuid);
      return { processes: concerned.length };
    } finally {
      const held = this.#held ?? [];
      this.#held = undefined;
      for (const event of held) this.#apply(event);
      void this.#emitLoop.activate("synced");
    }
  }

  /** Scheduling infos lack the metric tags: the definitions are asked for where no event has brought them. */
  async #completed(listed: readonly ListedRoutes[]): Promise<DesiredRoutes[]> {
    const completed: DesiredRoutes[] = [];
    const missing: string[] = [];
    for (const info of listed) {
      const known = this.#table.completed(info);
      if (known === undefined) missing.push(info.processGuid);
      else completed.push(known);
    }
    for (let at = 0; at < missing.length; at += maxDefinitions) {
      const processGuids = missing.slice(at, at + maxDefinitions);
      completed.push(...(await this.#bbs.desiredLrps({ processGuids })));
    }
    return completed;
  }
}
