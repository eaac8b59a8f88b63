import type { Generated } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import { randomGuids } from "#kernel/guid.ts";

/** The columns that every resource's table has. */
export interface RecordColumns {
  /** Counts up; the default order of every list. */
  readonly id: Generated<number>;
  readonly guid: string;
  /** ISO 8601 in UTC with milliseconds, so that text order is time order. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface NewRecord {
  readonly guid: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The columns of a new row; Cloud Controller sets both times on creation. */
export function newRecord(clock: Clock, guid: string = randomGuids()): NewRecord {
  const now = clock.now().toISOString();
  return { guid, createdAt: now, updatedAt: now };
}

export function touched(clock: Clock): { readonly updatedAt: string } {
  return { updatedAt: clock.now().toISOString() };
}

/** SQLite knows no booleans. */
export type StoredBoolean = 0 | 1;

export function storedBoolean(value: boolean): StoredBoolean {
  return value ? 1 : 0;
}
