import type { SpanFacts } from "#diego/models/observation.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { Container, ProcessExit } from "../../runtime/container-runtime.ts";
import { largestFolders } from "./largest-folders.ts";
import type { Observer } from "./observer.ts";

export function exitOutcome({ status }: ProcessExit): string {
  return status === 0 ? "ok" : `exit status ${status}`;
}

/** What a failed process may have died of; measured only where somebody wants to know. */
export async function factsOfEnd(
  parts: {
    readonly container: Container;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly observer: Pick<Observer, "listens" | "sawFullDisk">;
  },
  exit: ProcessExit,
): Promise<SpanFacts> {
  const { container, logger, observer } = parts;
  const exitStatus = exit.status;
  if (!observer.listens || exitStatus === 0) return { exitStatus };
  try {
    const { memoryPeakBytes, outOfMemoryKills = 0 } = await container.metrics();
    const isFull = observer.sawFullDisk() || (await container.fullDisk()) !== undefined;
    return {
      exitStatus,
      outOfMemory: exit.outOfMemory || outOfMemoryKills > 0,
      ...(memoryPeakBytes === undefined ? {} : { memoryPeakBytes }),
      ...(isFull ? { largestFolders: await largestFolders(parts) } : {}),
    };
  } catch (error) {
    logger.info("process-end-not-measured", { error });
    return { exitStatus, outOfMemory: exit.outOfMemory };
  }
}
