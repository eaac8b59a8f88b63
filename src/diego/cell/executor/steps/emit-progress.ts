import type { EmitProgressAction } from "#diego/models/action.ts";
import type { SourceLog } from "../logs/log-streamer.ts";
import { developerText, type Step } from "./step.ts";

/** Says when its step begins, and how it ended. Empty messages are not said. */
export function emitProgressStep(
  step: Step,
  messages: Pick<EmitProgressAction, "startMessage" | "successMessage" | "failureMessagePrefix">,
  log: SourceLog,
): Step {
  return async (signal, ready) => {
    log.say("OUT", messages.startMessage);
    try {
      await step(signal, ready);
    } catch (error) {
      const text = developerText(error);
      const prefix = messages.failureMessagePrefix;
      if (prefix !== "") log.say("ERR", text === undefined ? prefix : `${prefix}: ${text}`);
      throw error;
    }
    log.say("OUT", messages.successMessage);
  };
}
