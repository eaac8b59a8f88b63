import type { Logger } from "#kernel/log/logger.ts";

/** An event with its bytes as they go onto every stream: encoded once, whoever listens. */
export interface EmittedEvent<Event> {
  readonly event: Event;
  readonly data: string;
}

interface EventHubOptions<Event> {
  readonly logger: Logger;
  readonly encode: (event: Event) => Uint8Array;
  /** Events that a subscriber may lag behind before it is closed. */
  readonly bufferSize: number;
}

/**
 * Hands events to subscribers in the order of emission. Nobody waits for a subscriber: one whose buffer is full is
 * closed and has to connect and list anew, since there is no replay.
 */
export class EventHub<Event> {
  readonly #options: EventHubOptions<Event>;
  readonly #subscriptions = new Map<EventSubscription<Event>, (event: Event) => boolean>();
  #closed = false;

  constructor(options: EventHubOptions<Event>) {
    this.#options = options;
  }

  /** Hears what is emitted from now on. */
  subscribe(accepts: (event: Event) => boolean): EventSubscription<Event> {
    const subscription = new EventSubscription<Event>({
      bufferSize: this.#options.bufferSize,
      onClose: () => this.#subscriptions.delete(subscription),
    });
    if (this.#closed) subscription.close();
    else this.#subscriptions.set(subscription, accepts);
    return subscription;
  }

  emit(event: Event): void {
    const interested = [...this.#subscriptions].filter(([, accepts]) => accepts(event));
    if (interested.length === 0) return;
    const data = Buffer.from(this.#options.encode(event)).toString("base64");
    for (const [subscription] of interested) {
      if (subscription.push({ event, data })) continue;
      this.#options.logger.warn("slow-event-consumer-closed");
      subscription.close();
    }
  }

  close(): void {
    this.#closed = true;
    for (const subscription of this.#subscriptions.keys()) subscription.close();
  }
}

interface EventSubscriptionOptions {
  readonly bufferSize: number;
  readonly onClose: () => void;
}

export class EventSubscription<Event> implements AsyncIterable<EmittedEvent<Event>> {
  readonly #options: EventSubscriptionOptions;
  readonly #buffer: EmittedEvent<Event>[] = [];
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(options: EventSubscriptionOptions) {
    this.#options = options;
  }

  /** False where the buffer is full. */
  push(event: EmittedEvent<Event>): boolean {
    if (this.#buffer.length >= this.#options.bufferSize) return false;
    this.#buffer.push(event);
    this.#wake?.();
    return true;
  }

  /** Ends the iteration; what is buffered still, is dropped. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#buffer.length = 0;
    this.#options.onClose();
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<EmittedEvent<Event>> {
    while (!this.#closed) {
      const next = this.#buffer.shift();
      if (next === undefined) await this.#filled();
      else yield next;
    }
  }

  async #filled(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
  }
}
