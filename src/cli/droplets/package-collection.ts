import { fullName, type Ecosystem, type FoundPackage } from "./found-package.ts";

/** One package in one version, and the files of the droplet that tell of it. */
export interface DropletPackage extends FoundPackage {
  readonly locations: readonly string[];
}

const mostLocations = 20;

/** Gathers packages while a droplet passes by. */
export class PackageCollection {
  readonly #packages = new Map<string, { found: FoundPackage; locations: string[] }>();

  get size(): number {
    return this.#packages.size;
  }

  add(found: FoundPackage, location: string): void {
    const key = JSON.stringify([
      found.ecosystem,
      fullName(found),
      found.version,
      found.evidence === "locked",
    ]);
    const known = this.#packages.get(key);
    if (known === undefined) this.#packages.set(key, { found, locations: [location] });
    else if (known.locations.length < mostLocations) known.locations.push(location);
  }

  /**
   * What the droplet holds, sorted. Of an ecosystem of which anything is installed, that alone counts, with what the app has in
   * its own folders: lock files also name what was left out (development, other platforms). Else they are all that is known,
   * as of packages of the stack or built into one file.
   */
  all(): DropletPackage[] {
    const each = [...this.#packages.values()];
    const installed = new Set<Ecosystem>(
      each.filter(({ found }) => found.evidence === "installed").map((it) => it.found.ecosystem),
    );
    return each
      .filter(({ found }) => found.evidence !== "locked" || !installed.has(found.ecosystem))
      .map(({ found, locations }) => ({ ...found, locations: locations.toSorted() }))
      .sort(byName);
  }
}

function byName(a: FoundPackage, b: FoundPackage): number {
  const [one, other] = [a, b].map((it) => [it.ecosystem, fullName(it), it.version ?? ""]);
  for (const [index, part] of (one ?? []).entries()) {
    const against = other?.[index] ?? "";
    if (part !== against) return part < against ? -1 : 1;
  }
  return 0;
}
