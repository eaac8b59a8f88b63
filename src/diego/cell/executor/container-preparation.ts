import { createHash } from "node:crypto";
import type { DownloadAction } from "#diego/models/action.ts";
import type { CachedDependency } from "#diego/models/container-definition.ts";
import { parsePreloadedRootFs } from "#diego/models/root-fs.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { ContainerSpec, ReadOnlyBind } from "../runtime/container-runtime.ts";
import type { Allocation, RunRequest } from "./container.ts";
import type { DependencyStore, UnpackedDependency } from "./downloads/dependency-store.ts";
import { layerDownloads, type LayerDownload } from "./downloads/layer-downloads.ts";
import type { LogStreamer } from "./logs/log-streamer.ts";
import type { Observer, WorkEnd } from "./observation/observer.ts";
import { sayDownloaded, sayDownloading } from "./steps/download.ts";
import { StepFailure } from "./steps/step.ts";
import { toolchainBinds } from "./toolchains.ts";

export interface Preparation {
  readonly binds: readonly ReadOnlyBind[];
  readonly layers: readonly string[];
  /** The downloads that the layers stand for, with the bytes that had to be fetched. */
  readonly layered: ReadonlyMap<DownloadAction, number>;
}

export interface PreparationParts {
  readonly dependencies: DependencyStore;
  readonly logs: LogStreamer;
  readonly logger: Logger;
  /** Whether a container may rename folders of its layers. */
  readonly renamesLayers: boolean;
  /** Those of the cell: name -> folder. */
  readonly toolchains: Readonly<Record<string, string>>;
  readonly observer: Observer;
}

/** Puts on the cell what the container is made of. */
export async function prepareContainer(
  parts: PreparationParts,
  request: RunRequest,
  signal: AbortSignal,
): Promise<Preparation> {
  const options = { belowTmp: parts.renamesLayers };
  const downloads = [request.setup, request.action].flatMap((each) => [
    ...layerDownloads(each, options),
  ]);
  const [binds, found] = await Promise.all([
    Promise.all(request.definition.cachedDependencies.map((each) => bindOf(parts, each, signal))),
    Promise.all(downloads.map((each) => layerOf(parts, each, signal))),
  ]);
  const layers = found.filter((layer) => layer !== undefined);
  return {
    binds: [...toolchainBinds(request.definition.rootFs, parts.toolchains), ...binds],
    layers: layers.map((layer) => layer.directory),
    layered: new Map(layers.map((layer) => [layer.action, layer.downloadedBytes])),
  };
}

async function bindOf(
  { dependencies, logs, logger, observer }: PreparationParts,
  dependency: CachedDependency,
  signal: AbortSignal,
): Promise<ReadOnlyBind> {
  const { name, from, to, cacheKey, checksum } = dependency;
  const log = logs.source(dependency.logSource);
  sayDownloading(log, name);
  try {
    const { directory, downloadedBytes } = await observer.span(
      { name: "download", subject: name || to },
      () =>
        dependencies.unpacked({ url: from, cacheKey, checksum, owner: "root", below: "/" }, signal),
      fetched,
    );
    sayDownloaded(log, name, downloadedBytes);
    return { source: directory, destination: to };
  } catch (error) {
    signal.throwIfAborted();
    logger.warn("dependency-not-fetched", { name, to, error });
    if (name !== "") log.say("ERR", `Failed to download ${name}`);
    throw new StepFailure("failed to download cached artifacts", { cause: error });
  }
}

async function layerOf(
  { dependencies, logs, logger, observer }: PreparationParts,
  { action, below, isOptional }: LayerDownload,
  signal: AbortSignal,
): Promise<{ action: DownloadAction; directory: string; downloadedBytes: number } | undefined> {
  const { artifact, from, cacheKey, checksum, logSource } = action;
  try {
    const unpacked = await observer.span(
      { name: "download", subject: artifact },
      () => dependencies.unpacked({ url: from, cacheKey, checksum, owner: "vcap", below }, signal),
      fetched,
    );
    return { action, ...unpacked };
  } catch (error) {
    signal.throwIfAborted();
    logger.warn("layer-not-fetched", { artifact, error });
    if (isOptional) return undefined;
    const text = artifact === "" ? "Downloading failed" : `Downloading ${artifact} failed`;
    logs.source(logSource).say("ERR", text);
    throw new StepFailure(text, { cause: error });
  }
}

function fetched({ downloadedBytes }: UnpackedDependency): WorkEnd {
  return { facts: { bytes: downloadedBytes, cached: downloadedBytes === 0 } };
}

const bytesPerMb = 1024 * 1024;

/** @throws `StepFailure` for a root file system that is no stack of this cell */
export function containerSpec(
  allocation: Allocation,
  request: RunRequest,
  preparation: Preparation,
): ContainerSpec {
  const { definition } = request;
  const stack = parsePreloadedRootFs(definition.rootFs)?.stack;
  if (stack === undefined) {
    throw new StepFailure(`failed to create container: no such stack: ${definition.rootFs}`);
  }
  return {
    handle: handleFor(allocation.guid),
    stack,
    layers: preparation.layers,
    binds: preparation.binds,
    limits: {
      memoryBytes: definition.memoryMb * bytesPerMb,
      pids: definition.maxPids,
      cpuShares: Math.max(2, Math.floor((1024 * definition.cpuWeight) / 100)),
      diskBytes: definition.diskMb * bytesPerMb,
    },
    egress: definition.egressRules.length > 0,
    properties: { [allocationProperty]: JSON.stringify(allocation) },
  };
}

/** Under this name a container remembers whose it is, for a cell that comes back. */
export const allocationProperty = "rivera.allocation";

/** The BBS allows guids that the runtime does not. */
function handleFor(guid: string): string {
  if (/^[a-z0-9-]{1,64}$/.test(guid)) return guid;
  return createHash("sha256").update(guid).digest("hex").slice(0, 40);
}
