import type { Logger } from "#kernel/log/logger.ts";
import type { Container } from "../runtime/container-runtime.ts";
import type { CellParts } from "./cell-parts.ts";
import type { Allocation, RunRequest } from "./container.ts";
import { containerSpec, prepareContainer, type Preparation } from "./container-preparation.ts";
import type { ContainerReport } from "./container-report.ts";
import { StepFailure } from "./steps/step.ts";

/**
 * Makes the container of a place on the cell, in its log too.
 *
 * @throws `StepFailure` with what its developer may read
 */
export async function createContainer(
  parts: {
    readonly cell: CellParts;
    readonly allocation: Allocation;
    readonly report: ContainerReport;
    readonly logger: Logger;
  },
  request: RunRequest,
  signal: AbortSignal,
): Promise<{ readonly container: Container; readonly preparation: Preparation }> {
  const { cell, report, logger } = parts;
  const { runtime, dependencies } = cell;
  const { renamesLayers, toolchains } = runtime.description;
  const { observer, log: logs } = report;
  report.saySelf("OUT", "creating container for instance");
  const preparation = await prepareContainer(
    { renamesLayers, toolchains, dependencies, logs, logger, observer },
    request,
    signal,
  );
  const spec = containerSpec(parts.allocation, request, preparation);
  await cell.roomMade();
  try {
    const container = await observer.span({ name: "container", subject: spec.stack }, () =>
      runtime.create(spec, signal),
    );
    report.saySelf("OUT", "successfully created container for instance");
    return { container, preparation };
  } catch (error) {
    signal.throwIfAborted();
    logger.error("container-not-created", { error });
    const text = error instanceof Error ? error.message : String(error);
    report.saySelf("ERR", "failed to create container for instance");
    throw new StepFailure(`failed to create container: ${text}`, { cause: error });
  }
}
