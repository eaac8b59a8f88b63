import { mkdirSync, readFileSync, realpathSync } from "node:fs";
import path from "node:path";
import { randomGuids } from "#kernel/guid.ts";
import { Spawner } from "#kernel/process/spawner.ts";
import type { ContainerRuntime, ReadOnlyBind } from "./container-runtime.ts";
import { closeFolder, openFolder } from "./host/open-folder.ts";
import { hasPrivateMounts } from "./host/private-mounts.ts";
import { distrustEarlierBoot } from "./host/kept-folders.ts";
import { bootId } from "./host/process-identity.ts";
import { NoContainerRuntime } from "./no-container-runtime.ts";
import { type CellNetwork, openCellNetwork } from "./network/cell-network.ts";
import { probeSpec } from "./oci/probe.ts";
import { ProcessMaker } from "./process/process-maker.ts";
import { openRootless } from "./rootless/open-rootless.ts";
import type { CellHost } from "./supervised/cell-host.ts";
import { openOci } from "./oci/open-oci.ts";
import type { ContainerRuntimeConfig, ContainerRuntimeDependencies } from "./runtime-config.ts";
import { hostStack } from "./stack/skeleton.ts";
import { caBundlePath, defaultStack, type Stack } from "./stack/stack-paths.ts";
import { UnlimitedRuntime } from "./unlimited/unlimited-runtime.ts";

/**
 * Opens the runtime of one cell: the first of crun and runc that makes a real container which is as it must be. What
 * an earlier run of the cell left running is adopted; what it left half made is gone when this returns.
 */
export async function openContainerRuntime(
  config: ContainerRuntimeConfig,
  dependencies: ContainerRuntimeDependencies,
): Promise<ContainerRuntime> {
  if (config.runtime === "process") return openProcessRuntime(config, dependencies);
  if (process.getuid?.() !== 0) return openRootlessRuntime(config, dependencies);
  const dataDir = await openFolder(config.dataDir);
  const host = openHost(config, dependencies, dataDir);
  const stacks = await openStacks(config, dataDir);
  const network = await openCellNetwork(config, dataDir);
  return firstThatPasses({ config, host, stacks, network });
}

/** For an ordinary user: real containers without limits, where the kernel lets such a user make namespaces. */
async function openRootlessRuntime(
  config: ContainerRuntimeConfig,
  dependencies: ContainerRuntimeDependencies,
): Promise<ContainerRuntime> {
  if (config.runtime === "runc") {
    throw new NoContainerRuntime(
      "Containers by runc need root: start with sudo, or choose --runtime crun (no limits)",
    );
  }
  mkdirSync(config.dataDir, { recursive: true, mode: 0o711 });
  const dataDir = realpathSync(config.dataDir);
  const host = openHost(config, dependencies, dataDir);
  const stacks = await openStacks(config, dataDir);
  const { toolchains } = config;
  return openRootless({ host, stacks, toolchains, binds: commonBinds(config) });
}

/** Without isolation, for machines that allow no container; never chosen but by name. */
async function openProcessRuntime(
  config: ContainerRuntimeConfig,
  dependencies: ContainerRuntimeDependencies,
): Promise<ContainerRuntime> {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o711 });
  const dataDir = realpathSync(config.dataDir);
  const host = openHost(config, dependencies, dataDir);
  const stacks = await openStacks(config, dataDir);
  const runtime = new UnlimitedRuntime(
    {
      maker: new ProcessMaker(host),
      stacks,
      binds: commonBinds(config),
      description: {
        kind: "process",
        renamesLayers: false,
        enforced: [],
        notes: [
          "apps run without isolation: no limit holds, and they share this machine's network and user",
        ],
        stacks: [...stacks.keys()],
        toolchains: config.toolchains,
      },
    },
    host,
  );
  await runtime.adopt();
  try {
    await (await runtime.create(probeSpec(defaultStack))).destroy();
  } catch (error) {
    await runtime[Symbol.asyncDispose]();
    const reason = error instanceof Error ? error.message : String(error);
    throw new NoContainerRuntime(
      `Even --runtime process needs namespaces, which this machine closes to this user: ${reason}`,
    );
  }
  return runtime;
}

function openHost(
  config: ContainerRuntimeConfig,
  dependencies: ContainerRuntimeDependencies,
  dataDir: string,
): CellHost {
  distrustEarlierBoot(dataDir, bootId());
  for (const name of ["containers", "state/crun", "state/runc", "trash", "skeletons", "unpacked"]) {
    mkdirSync(path.join(dataDir, name), { recursive: true, mode: 0o711 });
  }
  return {
    clock: dependencies.clock,
    logger: dependencies.logger.child("runtime", { cellIndex: config.cellIndex }),
    spawner: new Spawner(),
    dataDir,
    nofileMax: hardNofile(),
    defaultPath: config.path,
    bootId: bootId(),
    incarnation: randomGuids().slice(0, 8),
  };
}

async function firstThatPasses(options: {
  readonly config: ContainerRuntimeConfig;
  readonly host: CellHost;
  readonly stacks: ReadonlyMap<string, Stack>;
  readonly network: CellNetwork;
}): Promise<ContainerRuntime> {
  const { config, host, stacks, network } = options;
  const notes = [...network.notes];
  if (!hasPrivateMounts()) {
    notes.push("the mounts of containers show on this machine: scripts/enter-namespace hides them");
  }
  const failures: string[] = [];
  for (const name of (["crun", "runc"] as const).filter((candidate) =>
    isWanted(config, candidate),
  )) {
    try {
      return await openOci({
        name,
        host,
        network,
        stacks,
        binds: commonBinds(config),
        toolchains: config.toolchains,
        containersMax: config.containersMax,
        notes: [...notes, ...failures],
        onClosed: (hasContainers) => close({ config, host, network, hasContainers }),
      });
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  await close({ config, host, network, hasContainers: false });
  throw new NoContainerRuntime(
    [
      "No container runtime passes on this machine:",
      ...failures.map((failure) => `  ${failure}`),
      "Install one (apt-get install -y --no-install-recommends crun), or choose --runtime process (no isolation)",
    ].join("\n"),
  );
}

function isWanted(config: ContainerRuntimeConfig, name: "crun" | "runc"): boolean {
  return config.runtime === "auto" || config.runtime === name;
}

async function openStacks(
  config: ContainerRuntimeConfig,
  dataDir: string,
): Promise<ReadonlyMap<string, Stack>> {
  const ofHost = await hostStack(path.join(dataDir, "skeletons"));
  const imported = Object.entries(config.stacks).map(([name, rootfs]): [string, Stack] => [
    name,
    { rootfs: realpathSync(rootfs), hostFolders: [], idmapped: true },
  ]);
  return new Map([[defaultStack, { ...ofHost, idmapped: false }], ...imported]);
}

function commonBinds(config: ContainerRuntimeConfig): ReadOnlyBind[] {
  const bundle = config.caBundle;
  return [
    ...config.assets,
    ...(bundle === undefined ? [] : [{ source: realpathSync(bundle), destination: caBundlePath }]),
  ];
}

async function close(options: {
  readonly config: ContainerRuntimeConfig;
  readonly host: CellHost;
  readonly network: CellNetwork;
  readonly hasContainers: boolean;
}): Promise<void> {
  const { host, network, hasContainers } = options;
  // Living containers keep their addresses: the range stays ours until a later run of the cell.
  if (hasContainers) return;
  await network.close();
  await closeFolder(host.dataDir);
}

function hardNofile(): number {
  const line = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
  return Number(line?.[1] ?? 1024);
}
