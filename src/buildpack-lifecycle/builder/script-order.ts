import type { Snapshots } from "./snapshots.ts";

/** A script by its phase and the number of its buildpack's folder below deps: `supply:0`, `finalize:1`. */
export type ScriptName = `${string}:${number}`;

/**
 * The scripts of one staging in the order in which they come, from the one where it goes on: those before that are not run
 * again, for what they left is there.
 */
export class ScriptOrder {
  readonly #resumeFrom: string;
  readonly #snapshots: Snapshots;
  #hasBegun: boolean;
  readonly #passed: string[] = [];

  constructor(options: { readonly resumeFrom: string; readonly snapshots: Snapshots }) {
    this.#resumeFrom = options.resumeFrom;
    this.#snapshots = options.snapshots;
    this.#hasBegun = options.resumeFrom === "";
  }

  /** Whether the script that comes now is to be run; the platform has kept what it finds then, or will never. */
  comes(name: ScriptName, buildpack: string): boolean {
    this.#passed.push(name);
    const isFirst = this.#passed.length === 1 && this.#resumeFrom === "";
    this.#hasBegun ||= name === this.#resumeFrom;
    if (this.#hasBegun) this.#snapshots.before(name, { buildpack, isFirst });
    return this.#hasBegun;
  }

  /** What to tell where the script that was asked for never came; else undefined. */
  missing(): string | undefined {
    if (this.#hasBegun) return undefined;
    return `Cannot go on from ${this.#resumeFrom}: the scripts of these buildpacks are ${this.#passed.join(", ")}`;
  }
}
