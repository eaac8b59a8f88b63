import { isDeepStrictEqual } from "node:util";
import { instanceKeyOf } from "#diego/models/actual-lrp-codec.ts";
import type { DesiredLrp } from "#diego/models/desired-lrp.ts";
import { metricTagsOf } from "#diego/models/metric-tags.ts";
import type { RepClientFactory } from "#diego/cell/rep/client.ts";
import type { BackgroundWork } from "../background-work.ts";
import type { CellPresences } from "../cell-presences.ts";
import { actualLrps } from "../store/actual-lrp-table.ts";
import type { BbsDatabase } from "../store/bbs-schema.ts";

export interface InstanceUpdatesOptions {
  readonly db: BbsDatabase;
  readonly cells: CellPresences;
  readonly repClient: RepClientFactory;
  readonly background: BackgroundWork;
}

/**
 * Tells the cells of a DesiredLRP's instances its new metric tags, so that logs and metrics have them without a restart.
 * Nobody waits for it: a rep takes them from the definition when it starts, too.
 */
export function updateInstances(
  { db, cells, repClient, background }: InstanceUpdatesOptions,
  { processGuid, metricTags }: Pick<DesiredLrp, "processGuid" | "metricTags">,
): void {
  background.run("update-instances", async () => {
    for (const lrp of await actualLrps(db, { processGuid })) {
      const holder = instanceKeyOf(lrp);
      const cell = holder === undefined ? undefined : cells.cell(holder.cellId);
      if (holder === undefined || cell === undefined || lrp.presence === "EVACUATING") continue;
      const { instanceGuid } = holder;
      const tags = metricTagsOf(metricTags, { index: lrp.key.index, instanceGuid });
      const name = `update-instance ${instanceGuid}`;
      background.run(name, () =>
        repClient(cell.repUrl).updateLrpInstance(processGuid, instanceGuid, tags),
      );
    }
  });
}

export function haveSameTags(
  a: Pick<DesiredLrp, "metricTags">,
  b: Pick<DesiredLrp, "metricTags">,
): boolean {
  return isDeepStrictEqual(a.metricTags, b.metricTags);
}
