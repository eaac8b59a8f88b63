import type { World } from "./world.ts";

/** How one command of the official client is proved. */
export interface Command {
  readonly name: string;
  /**
   * The requests of the command as the client makes them, on things named `wire-…`. None for a command that asks no
   * server, or that makes another command's requests.
   */
  readonly wire?: (world: World) => Promise<void>;
  /** The command run by the client itself on things named `cf-…`: what a user sees, and what has changed by it. */
  readonly client: (world: World) => Promise<void>;
  /** More that a user does with it, after the comparison of the requests. */
  readonly more?: (world: World) => Promise<void>;
  /** Why the client's requests are not compared with those of `wire`; by default they must be the same. */
  readonly incomparable?: string;
}
