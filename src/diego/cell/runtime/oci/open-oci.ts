import path from "node:path";
import { cgroupLayout } from "../cgroup/cgroup-files.ts";
import { hasHybridCgroups } from "../host/private-mounts.ts";
import type { CellNetwork } from "../network/cell-network.ts";
import type { ReadOnlyBind, RuntimeDescription } from "../container-runtime.ts";
import { defaultStack, type Stack } from "../stack/stack-paths.ts";
import type { CellHost } from "../supervised/cell-host.ts";
import { type OciRuntimeName, ociRuntimeVersion } from "./oci-command.ts";
import { OciRuntime } from "./oci-runtime.ts";
import type { IdMap } from "./oci-spec.ts";
import { type ProbeResult, probeRuntime, readProbe, writeProbe } from "./probe.ts";

export interface OciCandidate {
  readonly name: OciRuntimeName;
  readonly host: CellHost;
  readonly network: CellNetwork;
  readonly stacks: ReadonlyMap<string, Stack>;
  readonly binds: readonly ReadOnlyBind[];
  readonly toolchains: RuntimeDescription["toolchains"];
  readonly containersMax: number;
  readonly notes: readonly string[];
  readonly onClosed: (hasContainers: boolean) => Promise<void>;
}

/** What a machine may be able to do, the best first. */
interface Ways {
  /** Idmapped layers keep every container's ids apart; a kernel before 5.19 cannot lay an overlay over them. */
  readonly idMapKind: IdMap["kind"];
  /** By a loop device for each container; a machine inside a container may have none. */
  readonly limitsDisk: boolean;
}

const waysInOrder: readonly Ways[] = [
  { idMapKind: "idmapped", limitsDisk: true },
  { idMapKind: "split", limitsDisk: true },
  { idMapKind: "idmapped", limitsDisk: false },
  { idMapKind: "split", limitsDisk: false },
];

/** The runtime, proved by a real container, or an error that says why it cannot be taken. */
export async function openOci(candidate: OciCandidate): Promise<OciRuntime> {
  const { name, host, stacks } = candidate;
  const version = await ociRuntimeVersion(name);
  if (version === undefined) throw new Error("it is not installed");
  if (name === "crun" && hasHybridCgroups()) {
    throw new Error(
      "it starts nothing beside hybrid control groups; scripts/enter-namespace takes them out of its sight",
    );
  }
  const key = JSON.stringify([host.bootId, version, stacks.get(defaultStack)?.rootfs]);
  const file = path.join(host.dataDir, `probe-${name}.json`);
  const known = readProbe(file, key);
  if (known !== undefined) {
    const runtime = runtimeOf(candidate, known);
    await runtime.adopt();
    return runtime;
  }
  const { runtime, result } = await probeAll(candidate, key);
  writeProbe(file, result);
  return runtime;
}

async function probeAll(
  candidate: OciCandidate,
  key: string,
): Promise<{ runtime: OciRuntime; result: ProbeResult }> {
  const errors: unknown[] = [];
  const reasons = new Map<IdMap["kind"], string>();
  for (const ways of waysInOrder) {
    const { idMapKind, limitsDisk } = ways;
    // That it goes without the limit alone is the disk's fault: its own words come from the same map of ids.
    const result: ProbeResult = limitsDisk
      ? { key, idMapKind }
      : { key, idMapKind, diskUnlimited: reasons.get(idMapKind) ?? "" };
    const runtime = runtimeOf(candidate, result);
    // Before the probe: its slot must not be one of a living container.
    await runtime.adopt();
    try {
      await probeRuntime(runtime, defaultStack, { madeBy: "root", limitsDisk });
      return { runtime, result };
    } catch (error) {
      errors.push(error);
      const reason = error instanceof Error ? error.message : String(error);
      if (limitsDisk) reasons.set(idMapKind, reason.replaceAll("\n", "; "));
    }
  }
  const [first] = errors;
  throw new Error(first instanceof Error ? first.message : String(first), { cause: errors });
}

function runtimeOf(candidate: OciCandidate, { idMapKind, diskUnlimited }: ProbeResult): OciRuntime {
  const { name, host, network, stacks, binds, containersMax, onClosed } = candidate;
  const limitsDisk = diskUnlimited === undefined;
  const notes = [...candidate.notes];
  if (idMapKind === "split") {
    notes.push("user vcap is user 2000 of this machine: the kernel cannot idmap layers");
  }
  if (!limitsDisk) notes.push(`the disk limit is not enforced, only measured: ${diskUnlimited}`);
  return new OciRuntime(
    {
      runtime: name,
      idMapKind,
      range: network.range,
      cgroups: cgroupLayout(),
      containersMax,
      stacks,
      binds,
      resolvConf: network.resolvConf,
      limitsDisk,
      description: {
        kind: name,
        renamesLayers: true,
        enforced: ["memory", "pids", "cpu", ...(limitsDisk ? (["disk"] as const) : []), "network"],
        notes,
        stacks: [...stacks.keys()],
        toolchains: candidate.toolchains,
      },
      onClosed,
    },
    host,
  );
}
