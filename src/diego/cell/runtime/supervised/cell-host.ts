import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { Spawner } from "#kernel/process/spawner.ts";

/** What all containers of a cell share, whichever runtime makes them. */
export interface CellHost {
  readonly clock: Clock;
  readonly logger: Logger;
  /** For the programs of a container's start, run and end. Ends with the runtime. */
  readonly spawner: Spawner;
  readonly dataDir: string;
  /** The cell's own hard limit of open files. */
  readonly nofileMax: number;
  readonly defaultPath: string;
  readonly bootId: string;
  /** Tells files of this run of the cell from those of an earlier one. */
  readonly incarnation: string;
}
