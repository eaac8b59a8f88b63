import type { Logger } from "#kernel/log/logger.ts";
import { StepCancelled, type Step } from "./step.ts";

/** Its step may fail. */
export function tryStep(step: Step, logger: Logger): Step {
  return async (signal, ready) => {
    try {
      await step(signal, ready);
    } catch (error) {
      if (error instanceof StepCancelled) throw error;
      logger.info("step-failed-and-forgiven", { error });
    }
  };
}
