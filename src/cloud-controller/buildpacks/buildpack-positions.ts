import type { Executor } from "../database/schema.ts";
import type { Buildpack } from "./buildpack-table.ts";

/** The order with `guid` at `position` (from 1); beyond the end is last. */
export function placed(order: readonly string[], guid: string, position: number): string[] {
  const others = order.filter((other) => other !== guid);
  return others.toSpliced(position - 1, 0, guid);
}

/** Moves a buildpack in the list of its lifecycle and numbers the list anew, without gaps. */
export async function moveBuildpack(
  db: Executor,
  buildpack: Pick<Buildpack, "guid" | "lifecycle">,
  position: number,
): Promise<void> {
  const order = await orderOf(db, buildpack.lifecycle);
  await number(db, placed(order, buildpack.guid, position));
}

/** Closes the gap that a deleted buildpack leaves. */
export async function closeGaps(db: Executor, lifecycle: Buildpack["lifecycle"]): Promise<void> {
  await number(db, await orderOf(db, lifecycle));
}

async function orderOf(db: Executor, lifecycle: Buildpack["lifecycle"]): Promise<string[]> {
  const rows = await db
    .selectFrom("buildpacks")
    .select("guid")
    .where("lifecycle", "=", lifecycle)
    .orderBy("position")
    .orderBy("id")
    .execute();
  return rows.map(({ guid }) => guid);
}

async function number(db: Executor, order: readonly string[]): Promise<void> {
  for (const [index, guid] of order.entries()) {
    await db
      .updateTable("buildpacks")
      .set({ position: index + 1 })
      .where("guid", "=", guid)
      .where("position", "!=", index + 1)
      .execute();
  }
}
