import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { CgroupLayout } from "../cgroup/cgroup-files.ts";

/** What all containers of a cell share. */
export interface CellHost {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly dataDir: string;
  readonly cgroups: CgroupLayout;
  /** The cell's own hard limit of open files. */
  readonly nofileMax: number;
  readonly defaultPath: string;
  readonly bootId: string;
  /** Tells files of this run of the cell from those of an earlier one. */
  readonly incarnation: string;
}
