import type { Clock } from "#kernel/clock/clock.ts";
import type { RouteRegistration, RouterClient } from "#router/client.ts";
import { planEmission } from "./registrations.ts";
import type { RoutingTable } from "./routing-table.ts";

/** Messages in one request to the router. */
const maxBatch = 500;

/**
 * Brings the router to what the table says. It remembers what the router has taken, by process: a change is sent as the
 * difference, and a send that failed leaves the difference for the next one.
 */
export class RouterUpdates {
  readonly #table: RoutingTable;
  readonly #router: RouterClient;
  readonly #clock: Clock;
  readonly #emitIntervalMs: number;
  readonly #taken = new Map<string, readonly RouteRegistration[]>();
  #changed = new Set<string>();
  #allSentAt = Number.NEGATIVE_INFINITY;

  constructor(
    table: RoutingTable,
    router: RouterClient,
    options: { readonly clock: Clock; readonly emitIntervalMs: number },
  ) {
    this.#table = table;
    this.#router = router;
    this.#clock = options.clock;
    this.#emitIntervalMs = options.emitIntervalMs;
  }

  noteChange(processGuid: string): void {
    this.#changed.add(processGuid);
  }

  /** @throws where the router cannot be told; call again. */
  async send(): Promise<{ readonly registered: number; readonly unregistered: number }> {
    const changed = [...this.#changed];
    const wanted = new Map(changed.map((guid) => [guid, this.#table.registrationsOf(guid)]));
    this.#changed = new Set();
    const plans = changed.map((guid) =>
      planEmission(this.#taken.get(guid) ?? [], wanted.get(guid) ?? []),
    );
    const register = plans.flatMap((plan) => plan.register);
    const unregister = plans.flatMap((plan) => plan.unregister);
    try {
      // New ones first: an index that moves is never without an instance.
      await inBatches(register, (batch) => this.#router.register(batch));
      await inBatches(unregister, (batch) => this.#router.unregister(batch));
    } catch (error) {
      for (const guid of changed) this.#changed.add(guid);
      throw error;
    }
    for (const [guid, messages] of wanted) {
      if (messages.length === 0) this.#taken.delete(guid);
      else this.#taken.set(guid, messages);
    }
    const refreshed = await this.#sendAllIfDue();
    return { registered: register.length + refreshed, unregistered: unregister.length };
  }

  /** An empty table is sent, too: the router then knows that the emitter lives and it may prune. */
  async #sendAllIfDue(): Promise<number> {
    const now = this.#clock.now().getTime();
    if (now - this.#allSentAt < this.#emitIntervalMs) return 0;
    const all = [...this.#taken.values()].flat();
    if (all.length === 0) await this.#router.register([]);
    await inBatches(all, (batch) => this.#router.register(batch));
    this.#allSentAt = now;
    return all.length;
  }
}

async function inBatches(
  messages: readonly RouteRegistration[],
  send: (batch: readonly RouteRegistration[]) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < messages.length; at += maxBatch) {
    await send(messages.slice(at, at + maxBatch));
  }
}
