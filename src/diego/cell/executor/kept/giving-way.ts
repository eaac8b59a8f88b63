import type { ScriptSnapshot } from "./script-snapshots.ts";
import { remaining, type Capacity } from "../capacity.ts";

export interface Keeping {
  readonly guid: string;
  readonly memoryMb: number;
  readonly diskMb: number;
  readonly until: Date;
  /** Open in it now. */
  readonly terminals: number;
  /** Where what it did can go on. */
  readonly snapshots: readonly ScriptSnapshot[];
}

/**
 * Which kept containers must go so that the others fit into what work has left free, and are no more than `most`: those
 * in which nobody looks around before the others, of those whose time is over soonest.
 */
export function givingWay(free: Capacity, most: number, kept: readonly Keeping[]): string[] {
  const order = kept.toSorted(
    (a, b) =>
      Number(a.terminals > 0) - Number(b.terminals > 0) || a.until.getTime() - b.until.getTime(),
  );
  const gone: string[] = [];
  for (const { guid } of order) {
    const staying = order.slice(gone.length);
    const left = remaining(free, staying);
    const fit = left.memoryMb >= 0 && left.diskMb >= 0 && left.containers >= 0;
    if (fit && staying.length <= most) break;
    gone.push(guid);
  }
  return gone;
}
