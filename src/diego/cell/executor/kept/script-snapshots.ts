import { z } from "zod";
import type { Logger } from "#kernel/log/logger.ts";
import { type ContainerSnapshots, SnapshotRefused } from "../../runtime/container-runtime.ts";

/** A script of a staging at which it can go on: what it found is kept, or is what every staging begins with. */
export interface ScriptSnapshot {
  /** Phase and number of the buildpack: `supply:1`. */
  readonly script: string;
  /** Its key, as the builder shows it. */
  readonly buildpack: string;
  /** Nothing ran before it, so there is nothing kept. */
  readonly isFirst: boolean;
}

/** What the builder writes to its trace before each script (src/buildpack-lifecycle/builder/snapshots.ts). */
const askedSchema = z.object({
  snapshot: z.string().regex(/^(?:supply|finalize|compile):\d{1,3}$/),
  buildpack: z.string().max(1_024),
  first: z.boolean().default(false),
});

/** More scripts are not kept: whatever runs in the container may pretend to be the builder. */
const snapshotsMax = 64;

/** The moments before the scripts of one staging. */
export class ScriptSnapshots {
  readonly #snapshots: ContainerSnapshots;
  readonly #logger: Logger;
  readonly #taken: ScriptSnapshot[] = [];
  #asked = 0;

  constructor(options: { readonly snapshots: ContainerSnapshots; readonly logger: Logger }) {
    this.#snapshots = options.snapshots;
    this.#logger = options.logger;
  }

  list(): readonly ScriptSnapshot[] {
    return this.#taken;
  }

  /** Undefined where the line asks for nothing; else settles, without an error, when the builder may go on. */
  asked(line: Buffer): Promise<void> | undefined {
    // Other lines of the trace are not read twice.
    if (!line.subarray(0, beginning.length).equals(beginning)) return undefined;
    return this.#take(line);
  }

  /** @throws `SnapshotRefused` */
  read(script: string): ReturnType<ContainerSnapshots["read"]> {
    return this.#snapshots.read(script);
  }

  async #take(line: Buffer): Promise<void> {
    this.#asked += 1;
    if (this.#asked > snapshotsMax) return;
    try {
      const asked = askedSchema.parse(JSON.parse(line.toString("utf8")));
      const { snapshot: script, buildpack, first: isFirst } = asked;
      if (!isFirst) await this.#snapshots.take(script);
      this.#taken.push({ script, buildpack, isFirst });
    } catch (error) {
      if (error instanceof SnapshotRefused) {
        this.#logger.info("snapshot-refused", { reason: error.message });
      } else this.#logger.error("snapshot-failed", { error });
    }
  }
}

const beginning = Buffer.from('{"snapshot":');
