import { readdirSync } from "node:fs";
import path from "node:path";
import { startRep } from "#diego/cell/rep/start-rep.ts";
import type { ContainerRuntime } from "#diego/cell/runtime/container-runtime.ts";
import { openContainerRuntime } from "#diego/cell/runtime/open-container-runtime.ts";
import type { ContainerRuntimeConfig } from "#diego/cell/runtime/runtime-config.ts";
import type { BbsClient } from "#diego/bbs/client.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import type { InternalSecret } from "#kernel/http/internal-auth.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { LogIngest } from "#log-cache/client.ts";
import { proxyAddresses, type HostSettings } from "./host-settings.ts";
import { cellCapacity, type PlatformConfig } from "./platform-config.ts";
import type { PlatformPaths } from "./platform-paths.ts";
import { assembleToolchain } from "./toolchain.ts";

/** Where the lifecycle finds the Node that it runs on, in every container, whatever its app has. */
const lifecycleNode = "/etc/cf-assets/node";

export async function openRuntimes(options: {
  readonly config: PlatformConfig;
  readonly paths: PlatformPaths;
  readonly host: HostSettings;
  readonly nodeModules: string;
  readonly dependencies: { readonly clock: Clock; readonly logger: Logger };
}): Promise<readonly ContainerRuntime[]> {
  const { config, paths } = options;
  const open = cellRuntimes({ ...options, runtime: config.runtime });
  const containersMax = cellCapacity(config).containers;
  await using opening = new AsyncDisposableStack();
  const opened: ContainerRuntime[] = [];
  // One after the other: the first makes what all of the machine share (firewall, skeleton), the rest find it.
  for (let cellIndex = 0; cellIndex < config.cells; cellIndex += 1) {
    opened.push(
      opening.use(await open({ dataDir: paths.cell(cellIndex), cellIndex, containersMax })),
    );
  }
  opening.move();
  return opened;
}

type OfOneCell = Pick<ContainerRuntimeConfig, "dataDir" | "cellIndex" | "containersMax">;

/** Opens runtimes that share toolchains, stacks and what the host's network asks for. */
export function cellRuntimes(options: {
  readonly runtime: PlatformConfig["runtime"];
  readonly paths: Pick<PlatformPaths, "cache" | "stacks" | "toolchains">;
  readonly host: HostSettings;
  readonly nodeModules: string;
  readonly dependencies: { readonly clock: Clock; readonly logger: Logger };
}): (cell: OfOneCell) => Promise<ContainerRuntime> {
  const { runtime, paths, host, dependencies } = options;
  const node = assembleToolchain({
    nodeModules: options.nodeModules,
    directory: path.join(paths.cache, "toolchain"),
  });
  const shared = {
    runtime,
    assets: [{ source: path.join(node.path, "bin/node"), destination: lifecycleNode }],
    toolchains: { node: node.path, ...foldersIn(paths.toolchains) },
    path: "/usr/local/bin:/usr/bin:/bin",
    stacks: foldersIn(paths.stacks),
    ...(host.caBundle === undefined ? {} : { caBundle: host.caBundle }),
    allowEgressTo: proxyAddresses(host),
  };
  return async (cell) => await openContainerRuntime({ ...shared, ...cell }, dependencies);
}

/** What was imported there, by name; what is half imported begins with a dot. */
function foldersIn(directory: string): Record<string, string> {
  const names = readdirSync(directory).filter((name) => !name.startsWith("."));
  return Object.fromEntries(names.map((name) => [name, path.join(directory, name)]));
}

interface Cells extends AsyncDisposable {
  /** Of the reps, in the order of their cells. */
  readonly urls: readonly string[];
}

/** Starts a rep on each runtime; their disposal ends reps and then runtimes, all cells at once. */
export async function startCells(options: {
  readonly config: PlatformConfig;
  readonly paths: PlatformPaths;
  readonly runtimes: readonly ContainerRuntime[];
  readonly secret: InternalSecret;
  readonly dependencies: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly bbs: BbsClient;
    readonly logs: LogIngest;
  };
}): Promise<Cells> {
  const capacity = cellCapacity(options.config);
  const { failedStagings } = options.config.settings;
  const cells = await Promise.all(
    options.runtimes.map(async (runtime, index) => {
      const cellId = `cell-${index + 1}`;
      const rep = await startRep(
        {
          cellId,
          zone: `z${index + 1}`,
          placementTags: [options.config.cellTags.get(index + 1) ?? []].flat(),
          port: 0,
          secret: options.secret,
          capacity,
          directory: path.join(options.paths.cell(index), "rep"),
          handoverDirectory: options.paths.handover,
          kept: { ...failedStagings, containers: failedStagings.perCell },
        },
        { ...options.dependencies, runtime },
      );
      return { rep, runtime };
    }),
  );
  return {
    urls: cells.map(({ rep }) => rep.url),
    async [Symbol.asyncDispose]() {
      await Promise.all(
        cells.map(async ({ rep, runtime }) => {
          await rep[Symbol.asyncDispose]();
          await runtime[Symbol.asyncDispose]();
        }),
      );
    },
  };
}

/** For the person who starts the platform. */
export function describeRuntime(runtime: ContainerRuntime | undefined): string[] {
  if (runtime === undefined) return [];
  const { kind, enforced, notes } = runtime.description;
  const limits = enforced.length === 0 ? "nothing is enforced" : `enforced: ${enforced.join(", ")}`;
  return [`Cells  ${kind}, ${limits}`, ...notes.map((note) => `       ${note}`)];
}
