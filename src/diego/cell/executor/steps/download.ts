import type { DownloadAction } from "#diego/models/action.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { formatBytes } from "#kernel/size.ts";
import type { Container } from "../../runtime/container-runtime.ts";
import { archiveToTar } from "../archives/archive-to-tar.ts";
import type { DownloadedFile, Downloader } from "../downloads/downloader.ts";
import type { Observer } from "../observation/observer.ts";
import type { SourceLog } from "../logs/log-streamer.ts";
import { StepCancelled, StepFailure, throwIfCancelled, type Step } from "./step.ts";

export interface DownloadStepParts {
  readonly container: Container;
  readonly downloader: Pick<Downloader, "fetch">;
  readonly log: SourceLog;
  readonly logger: Logger;
  readonly observer: Observer;
}

/** Fetches an archive and extracts it in the container, as the user whose files they are to be. */
export function downloadStep(parts: DownloadStepParts, action: DownloadAction): Step {
  return async (signal, ready) => {
    throwIfCancelled(signal);
    ready();
    sayDownloading(parts.log, action.artifact);
    await using file = await parts.observer.span(
      { name: "download", subject: action.artifact },
      () => fetchFile(parts, action, signal),
      ({ bytes }) => ({ facts: { bytes, cached: false } }),
    );
    sayDownloaded(parts.log, action.artifact, file.bytes);
    await copyIn(parts, action, file, signal);
  };
}

/** For what lies under the container already, as a layer. */
export function layeredDownloadStep(
  log: SourceLog,
  action: DownloadAction,
  downloadedBytes: number,
): Step {
  return async (signal, ready) => {
    throwIfCancelled(signal);
    ready();
    sayDownloading(log, action.artifact);
    sayDownloaded(log, action.artifact, downloadedBytes);
  };
}

export function sayDownloading(log: SourceLog, artifact: string): void {
  if (artifact !== "") log.say("OUT", `Downloading ${artifact}...`);
}

/** Without a size where nothing had to be fetched. */
export function sayDownloaded(log: SourceLog, artifact: string, bytes: number): void {
  if (artifact === "") return;
  const size = bytes === 0 ? "" : ` (${formatBytes(bytes)})`;
  log.say("OUT", `Downloaded ${artifact}${size}`);
}

async function fetchFile(
  { downloader, log, logger }: DownloadStepParts,
  { from, checksum, artifact }: DownloadAction,
  signal: AbortSignal,
): Promise<DownloadedFile> {
  try {
    const download = await downloader.fetch({ url: from, checksum }, signal);
    if (download.kind === "file") return download;
    throw new Error("Not modified, although no condition was given");
  } catch (error) {
    throwIfCancelled(signal);
    logger.info("download-failed", { artifact, error });
    const text = artifact === "" ? "Downloading failed" : `Downloading ${artifact} failed`;
    log.say("ERR", text);
    throw new StepFailure(text, { cause: error });
  }
}

async function copyIn(
  { container, log, logger }: DownloadStepParts,
  { artifact, to, user }: DownloadAction,
  file: DownloadedFile,
  signal: AbortSignal,
): Promise<void> {
  const tar = await archiveToTar(file.path);
  // Whoever reads hears of an error as well; one that comes when nobody reads any more must not end the platform.
  tar.on("error", () => undefined);
  const stop = () => tar.destroy(new StepCancelled());
  signal.addEventListener("abort", stop, { once: true });
  try {
    await container.streamIn({ path: to, user, tar });
  } catch (error) {
    throwIfCancelled(signal);
    logger.info("stream-in-failed", { artifact, error });
    const what = artifact === "" ? "Copying" : `Copying ${artifact}`;
    const why = error instanceof Error ? error.message : String(error);
    const text = `${what} into the container failed: ${why.slice(0, 1024)}`;
    log.say("ERR", text);
    throw new StepFailure(text, { cause: error });
  } finally {
    signal.removeEventListener("abort", stop);
    tar.destroy();
  }
}
