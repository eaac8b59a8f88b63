import type { UploadAction } from "#diego/models/action.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { formatBytes } from "#kernel/size.ts";
import { ContainerFileError, type Container } from "../../runtime/container-runtime.ts";
import type { Uploader } from "../downloads/uploader.ts";
import type { Observer } from "../observation/observer.ts";
import type { SourceLog } from "../logs/log-streamer.ts";
import { StepFailure, throwIfCancelled, type Step } from "./step.ts";

export interface UploadStepParts {
  readonly container: Container;
  readonly uploader: Pick<Uploader, "upload">;
  readonly log: SourceLog;
  readonly logger: Logger;
  readonly observer: Observer;
}

/** Sends one file of the container to a URL, which is never shown: it may carry a signature. */
export function uploadStep(parts: UploadStepParts, action: UploadAction): Step {
  const { container, uploader, log, logger, observer } = parts;
  const { artifact, from, to, user } = action;
  return async (signal, ready) => {
    throwIfCancelled(signal);
    ready();
    if (artifact !== "") log.say("OUT", `Uploading ${artifact}...`);
    try {
      const content = () => container.streamOut({ path: from, user });
      const bytes = await observer.span(
        { name: "upload", subject: artifact },
        () => uploader.upload(to, content, signal),
        (sent) => ({ facts: { bytes: sent } }),
      );
      if (artifact !== "") log.say("OUT", `Uploaded ${artifact} (${formatBytes(bytes)})`);
    } catch (error) {
      throwIfCancelled(signal);
      logger.info("upload-failed", { artifact, error });
      throw new StepFailure(failureText(error, artifact), { cause: error });
    }
  };
}

function failureText(error: unknown, artifact: string): string {
  if (error instanceof ContainerFileError) return "Failed to establish stream from container";
  const what = artifact === "" ? "" : ` for ${artifact}`;
  return `Failed to upload payload${what}`;
}
