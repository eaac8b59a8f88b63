import type { Action, DownloadAction } from "#diego/models/action.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { Container } from "../../runtime/container-runtime.ts";
import type { DependencyStore } from "../downloads/dependency-store.ts";
import type { Downloader } from "../downloads/downloader.ts";
import type { Uploader } from "../downloads/uploader.ts";
import type { ScriptSnapshots } from "../kept/script-snapshots.ts";
import type { LogStreamer } from "../logs/log-streamer.ts";
import type { Observer } from "../observation/observer.ts";
import type { ProcessEnvironment } from "../process-environment.ts";
import { codependentStep } from "./codependent.ts";
import { downloadStep, layeredDownloadStep } from "./download.ts";
import { emitProgressStep } from "./emit-progress.ts";
import { parallelStep } from "./parallel.ts";
import { runStep } from "./run.ts";
import { serialStep } from "./serial.ts";
import type { Step } from "./step.ts";
import { timeoutStep } from "./timeout.ts";
import { tryStep } from "./try.ts";
import { uploadStep } from "./upload.ts";

export interface ActionParts {
  readonly container: Container;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly logs: LogStreamer;
  readonly environment: ProcessEnvironment;
  readonly downloader: Pick<Downloader, "fetch">;
  readonly uploader: Pick<Uploader, "upload">;
  readonly layers: Pick<DependencyStore, "add">;
  readonly gracefulShutdownMs: number;
  /** What lies under the container already, with the bytes that were fetched for it. */
  readonly layered: ReadonlyMap<DownloadAction, number>;
  readonly saysExitStatus: boolean;
  readonly observer: Observer;
  readonly snapshots?: ScriptSnapshots | undefined;
}

/**
 * The step of an action tree. A process of it is named after its place in the tree (`action`, `action-1`), so that a
 * cell that comes back finds it again.
 */
export function actionStep(parts: ActionParts, action: Action, name: string): Step {
  const inner = (child: Action) => actionStep(parts, child, name);
  const each = (children: readonly Action[]) =>
    children.map((child, at) => actionStep(parts, child, `${name}-${at}`));
  const log = parts.logs.source(action.logSource);
  switch (action.kind) {
    case "download": {
      const layeredBytes = parts.layered.get(action);
      return layeredBytes === undefined
        ? downloadStep({ ...parts, log }, action)
        : layeredDownloadStep(log, action, layeredBytes);
    }
    case "upload":
      return uploadStep(
        { ...parts, log, knownSha256: laidSha256(parts.layered, action.artifact) },
        action,
      );
    case "run":
      return runStep({ ...parts, log }, action, name);
    case "timeout":
      return timeoutStep(inner(action.action), action.timeoutMs, parts.clock);
    case "emitProgress":
      return emitProgressStep(inner(action.action), action, log);
    case "try":
      return tryStep(inner(action.action), parts.logger);
    case "parallel":
      return parallelStep(each(action.actions));
    case "serial":
      return serialStep(each(action.actions));
    case "codependent":
      return codependentStep(each(action.actions), { endIsFailure: true });
  }
}

function laidSha256(layered: ActionParts["layered"], artifact: string): string | undefined {
  const laid = [...layered.keys()].find((download) => download.artifact === artifact);
  return laid?.checksum?.algorithm === "sha256" ? laid.checksum.value : undefined;
}

/** The names of the processes that an action tree starts. */
export function processNames(action: Action, name: string): readonly string[] {
  switch (action.kind) {
    case "run":
      return [name];
    case "timeout":
    case "emitProgress":
    case "try":
      return processNames(action.action, name);
    case "parallel":
    case "serial":
    case "codependent":
      return action.actions.flatMap((child, at) => processNames(child, `${name}-${at}`));
    case "download":
    case "upload":
      return [];
  }
}
