import type { CellState } from "#diego/cell/rep/client.ts";
import type { CellLedger } from "./cell-ledger.ts";
import type { PlacementConstraint } from "./client.ts";

/** The cells that may take a kind of work whatever is left on them, by zone; or why there are none. */
export type CompatibleCells =
  | {
      readonly kind: "found";
      readonly cells: readonly CellLedger[];
      readonly zones: readonly ZoneCells[];
    }
  | { readonly kind: "none"; readonly placementError: string };

export interface ZoneCells {
  readonly zone: string;
  readonly cells: readonly CellLedger[];
}

/** Cloud Controller tells failures apart by how these texts begin, so they are Diego's to the letter. */
export function compatibleCells(
  cells: readonly CellLedger[],
  constraint: PlacementConstraint,
): CompatibleCells {
  if (cells.length === 0) {
    return { kind: "none", placementError: "unable to communicate to compatible cells" };
  }
  const withRootFs = cells.filter((cell) => offersRootFs(cell.state, constraint.rootFs));
  if (withRootFs.length === 0) {
    return { kind: "none", placementError: "found no compatible cell for required rootfs" };
  }
  const matching = withRootFs.filter((cell) => acceptsTags(cell.state, constraint.placementTags));
  if (matching.length === 0) {
    return { kind: "none", placementError: tagError(constraint.placementTags) };
  }
  const zones = Map.groupBy(matching, (cell) => cell.state.zone);
  return {
    kind: "found",
    cells: matching,
    zones: [...zones].map(([zone, members]) => ({ zone, cells: members })),
  };
}

function offersRootFs(cell: CellState, rootFs: string): boolean {
  const [scheme, name] = splitOnce(rootFs, ":");
  // What is laid over a stack is behind the question mark: it narrows no choice of cells.
  const isPreloaded = scheme === "preloaded" || scheme === "preloaded+layer";
  return isPreloaded && cell.preloadedRootFses.includes(splitOnce(name, "?")[0]);
}

/**
 * A cell's required tags must all be asked for, and nothing may be asked for that it does not carry: an untagged app
 * never lands on an isolation segment, nor a tagged one outside of it.
 */
function acceptsTags(cell: CellState, desired: readonly string[]): boolean {
  const carried = new Set([...cell.placementTags, ...cell.optionalPlacementTags]);
  return (
    cell.placementTags.every((tag) => desired.includes(tag)) &&
    desired.every((tag) => carried.has(tag))
  );
}

function tagError(tags: readonly string[]): string {
  const quoted = tags.map((tag) => `"${tag}"`);
  const last = quoted.pop();
  if (last === undefined) return "found no compatible cell with no placement tags";
  if (quoted.length === 0) return `found no compatible cell with placement tag ${last}`;
  return `found no compatible cell with placement tags ${quoted.join(", ")} and ${last}`;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}
