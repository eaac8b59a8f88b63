import type { UploadAction } from "#diego/models/action.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { formatBytes } from "#kernel/size.ts";
import { ContainerFileError, type Container } from "../../runtime/container-runtime.ts";
import type { DependencyStore } from "../downloads/dependency-store.ts";
import type { UploadedFile, Uploader } from "../downloads/uploader.ts";
import type { Observer } from "../observation/observer.ts";
import type { SourceLog } from "../logs/log-streamer.ts";
import { StepFailure, throwIfCancelled, type Step } from "./step.ts";

export interface UploadStepParts {
  readonly container: Container;
  readonly uploader: Pick<Uploader, "upload">;
  /** Of what was downloaded under the artifact's name, where the container began with it. */
  readonly knownSha256: string | undefined;
  /** Where a droplet goes that instances on this cell may begin with. */
  readonly layers: Pick<DependencyStore, "add">;
  readonly log: SourceLog;
  readonly logger: Logger;
  readonly observer: Observer;
}

/** Sends one file of the container to a URL, which is never shown: it may carry a signature. */
export function uploadStep(parts: UploadStepParts, action: UploadAction): Step {
  const { container, uploader, knownSha256, layers, log, logger, observer } = parts;
  const { artifact, from, to, user } = action;
  return async (signal, ready) => {
    throwIfCancelled(signal);
    ready();
    if (artifact !== "") log.say("OUT", `Uploading ${artifact}...`);
    try {
      const copyTo = (file: string) => container.copyOut({ path: from, user }, file, signal);
      const use = artifact === "droplet" ? keepDroplet(layers) : undefined;
      const { bytes, isUnchanged } = await observer.span(
        { name: "upload", subject: artifact },
        () => uploader.upload({ url: to, copyTo, knownSha256, use }, signal),
        (sent) => ({ facts: { bytes: sent.isUnchanged ? 0 : sent.bytes } }),
      );
      if (artifact === "") return;
      const done = isUnchanged
        ? `${artifact.charAt(0).toUpperCase()}${artifact.slice(1)} is unchanged`
        : `Uploaded ${artifact} (${formatBytes(bytes)})`;
      log.say("OUT", done);
    } catch (error) {
      throwIfCancelled(signal);
      logger.info("upload-failed", { artifact, error });
      throw new StepFailure(failureText(error, artifact), { cause: error });
    }
  };
}

/**
 * A droplet that was staged here is run here, as often as not: it becomes a layer while it is sent, of the very bytes that
 * are, under their checksum. One that cannot is fetched again by whoever wants it.
 */
function keepDroplet(layers: Pick<DependencyStore, "add">) {
  return async ({ path, sha256 }: UploadedFile) => {
    const checksum = { algorithm: "sha256", value: sha256 } as const;
    await layers.add({ cacheKey: "", checksum, owner: "vcap", below: "/home/vcap" }, path);
  };
}

function failureText(error: unknown, artifact: string): string {
  if (error instanceof ContainerFileError) return "Failed to establish stream from container";
  const what = artifact === "" ? "" : ` for ${artifact}`;
  return `Failed to upload payload${what}`;
}
