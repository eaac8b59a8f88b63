import { processDomain } from "#cloud-controller/running/desired-lrp.ts";
import type { DropletSidecar } from "#cli/droplets/droplet-contents.ts";
import { Failure } from "#cli/failure.ts";
import { overcommitted, sidecarMemoryInMb } from "#cloud-controller/sidecars/sidecar-memory.ts";
import type { ContainerOutcome } from "#diego/cell/executor/container.ts";
import { desiredLrpAllocation, lrpRunRequest } from "#diego/cell/rep/run-request.ts";
import path from "node:path";
import { readDropletFile } from "./droplet-file.ts";
import { sha256OfFile } from "./packed-folders.ts";
import { PortForward } from "./port-forward.ts";
import { runningLrp } from "./running-lrp.ts";
import { requireRoom, requireStack } from "./stage-app.ts";
import type { Watching, WorkbenchParts } from "./workbench-parts.ts";

export interface RunDropletRequest {
  /** Absolute path of the droplet. */
  readonly droplet: string;
  readonly processType: string;
  /** Undefined: the droplet's own for the process type. */
  readonly command: string | undefined;
  /** Of this machine's loopback; 0: a free one. */
  readonly port: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly stack: string;
  readonly memoryInMb: number;
  readonly diskInMb: number;
}

export interface WatchingRun extends Watching {
  readonly onCommand: (command: string, sidecars: readonly DropletSidecar[]) => void;
  /** It is healthy; the address is undefined where the process is not `web`, which alone is reached from outside. */
  readonly onRunning: (address: string | undefined) => void;
}

/**
 * Runs one instance of a droplet until it ends or the signal asks for its end.
 *
 * @throws `Failure` where there is nothing to run, or no port to reach it at
 */
export async function runDroplet(
  parts: WorkbenchParts,
  request: RunDropletRequest,
  watching: WatchingRun,
): Promise<ContainerOutcome> {
  requireStack(parts, request.stack);
  requireRoom(parts.runs.capacity, request);
  const droplet = await readDropletFile(request.droplet, parts.workDirectory);
  const command = commandFor(request, droplet.commands);
  const sidecars = sidecarsFor(request, droplet.sidecars);
  watching.onCommand(command, sidecars);
  await using forward =
    request.processType === "web" ? await PortForward.open(request.port) : undefined;
  const instanceGuid = parts.guids();
  const desired = runningLrp({
    ...request,
    command,
    sidecars,
    appName: path.basename(request.droplet).replace(/\.(tgz|tar\.gz|tar)$/, ""),
    instanceGuid,
    surroundings: parts.surroundings,
    droplet: {
      url: parts.blobs.serve(request.droplet),
      sha256: await sha256OfFile(request.droplet),
    },
    uris: forward === undefined ? [] : [`127.0.0.1:${forward.port}`],
  });
  const key = { processGuid: desired.processGuid, index: 0, domain: processDomain };
  using _lines = parts.lines.listen(desired.logGuid, watching.onLine);
  return await parts.runs.run(
    {
      allocation: desiredLrpAllocation(desired, key, instanceGuid),
      request: lrpRunRequest(desired, key, instanceGuid),
    },
    {
      signal: watching.signal,
      onStage(stage) {
        if (stage.state !== "running") return;
        const [port] = stage.netInfo.ports;
        if (forward === undefined || port === undefined) return watching.onRunning(undefined);
        forward.leadTo({ host: stage.netInfo.instanceAddress, port: port.hostPort });
        watching.onRunning(`http://127.0.0.1:${forward.port}`);
      },
    },
  );
}

function commandFor(
  { droplet, processType, command }: RunDropletRequest,
  commands: ReadonlyMap<string, string>,
): string {
  const found = command ?? commands.get(processType);
  if (found !== undefined && found !== "") return found;
  const types = [...commands.keys()].join(", ");
  throw new Failure(
    types === ""
      ? `'${droplet}' has no start command: give one with -c`
      : `'${droplet}' has no process '${processType}': it has ${types}. Choose one with --process, or give a command with -c`,
  );
}

/** Refused as Cloud Controller refuses it: the process itself would be left without memory. */
function sidecarsFor(
  { processType: type, memoryInMb }: RunDropletRequest,
  all: readonly DropletSidecar[],
): readonly DropletSidecar[] {
  const sidecars = all.filter(({ processTypes }) => processTypes.includes(type));
  if (overcommitted([{ type, memoryInMb }], sidecars) !== undefined) {
    const taken = sidecarMemoryInMb(sidecars, type);
    throw new Failure(
      `The sidecars of '${type}' take ${taken}M of ${memoryInMb}M, which leaves it nothing: give more with -m`,
    );
  }
  return sidecars;
}
