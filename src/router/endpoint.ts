import type { RouteRegistration } from "./client.ts";

/** Above that many requests at once an instance gets no more (routing-release: `max_conns`). */
export const maxConcurrentRequests = 500;

/** Skipped for that long after a failed dial (a quarter of the stale threshold). */
const retryAfterFailureMs = 30_000;

/** One instance of an app at one address; the same object in every route that leads to it. */
export class Endpoint {
  readonly host: string;
  readonly port: number;
  readonly instanceGuid: string;
  registration: RouteRegistration;
  /** Milliseconds since the epoch. */
  registeredAt: number;
  /** Requests that are on their way. */
  inFlight = 0;
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor(registration: RouteRegistration, now: number) {
    this.host = registration.host;
    this.port = registration.port;
    this.instanceGuid = registration.private_instance_id;
    this.registration = registration;
    this.registeredAt = now;
  }

  get address(): string {
    return `${this.host}:${this.port}`;
  }

  get isFull(): boolean {
    return this.inFlight >= maxConcurrentRequests;
  }

  markFailed(now: number): void {
    this.#failedAt = now;
  }

  hasFailedLately(now: number): boolean {
    return now - this.#failedAt < retryAfterFailureMs;
  }

  /** A request was answered: the failure is over. */
  markSound(): void {
    this.#failedAt = Number.NEGATIVE_INFINITY;
  }
}

/** What makes two registrations mean the same endpoint. */
export function endpointKey(message: RouteRegistration): string {
  return `${message.host}:${message.port}/${message.private_instance_id}`;
}
