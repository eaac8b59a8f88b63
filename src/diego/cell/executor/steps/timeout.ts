import type { Clock } from "#kernel/clock/clock.ts";
import { DeadlineExceeded, withDeadline } from "#kernel/clock/deadline.ts";
import { formatGoDuration } from "../go-duration.ts";
import { developerText, StepFailure, type Step } from "./step.ts";

/** Cancels its step when the time is over. */
export function timeoutStep(step: Step, timeoutMs: number, clock: Clock): Step {
  return (signal, ready) =>
    withDeadline({ clock, ms: timeoutMs, signal }, async (limited) => {
      try {
        await step(limited, ready);
      } catch (error) {
        // An outer deadline aborts `limited` with the same kind of reason.
        if (signal.aborted || !(limited.reason instanceof DeadlineExceeded)) throw error;
        const inner = developerText(error);
        const text = `exceeded ${formatGoDuration(timeoutMs)} timeout`;
        throw new StepFailure(inner === undefined ? text : `${text}; ${inner}`, { cause: error });
      }
    });
}
