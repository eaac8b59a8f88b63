import { addMs, type Clock } from "#kernel/clock/clock.ts";
import { randomGuids } from "#kernel/guid.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import type { UploadResource } from "./messages.ts";
import type { FoundFile } from "./resource-cache.ts";

/** A file of a match, as an upload wants it. */
export interface MatchedResource extends UploadResource {
  /** Where it lies; undefined where that depends on the organization that uploads. */
  readonly file: FoundFile | undefined;
}

/**
 * What one match has found, for an upload that names the match in place of its thousands of files. Held in this process and
 * for a while only: whoever names one that is gone is told so and sends the files' list, as every client may. Well below
 * the hour for which a retired pack can still be read.
 */
export class MatchReferences {
  readonly #clock: Clock;
  readonly #matches = new Map<string, RememberedMatch>();
  #resources = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  static readonly heldForMs = 10 * 60 * 1000;
  /** Of all matches together; of more the oldest are forgotten. */
  static readonly mostResources = 200_000;

  /** Gives the name under which the same caller finds them. */
  remember(auth: AuthContext, resources: readonly MatchedResource[]): string {
    const reference = randomGuids();
    const until = addMs(this.#clock.now(), MatchReferences.heldForMs);
    this.#matches.set(reference, { owner: actorOf(auth).guid, resources, until });
    this.#resources += resources.length;
    this.expire();
    return reference;
  }

  /** Once: what is taken is forgotten. Undefined where it is not known, or another's. */
  take(auth: AuthContext, reference: string): readonly MatchedResource[] | undefined {
    this.expire();
    const match = this.#matches.get(reference);
    if (match?.owner !== actorOf(auth).guid) return undefined;
    this.#forget(reference, match);
    return match.resources;
  }

  /** Forgets what is too old or too much. */
  expire(): void {
    const now = this.#clock.now();
    for (const [reference, match] of this.#matches) {
      if (match.until > now && this.#resources <= MatchReferences.mostResources) return;
      this.#forget(reference, match);
    }
  }

  #forget(reference: string, { resources }: RememberedMatch): void {
    this.#matches.delete(reference);
    this.#resources -= resources.length;
  }
}

interface RememberedMatch {
  readonly owner: string;
  readonly resources: readonly MatchedResource[];
  readonly until: Date;
}
