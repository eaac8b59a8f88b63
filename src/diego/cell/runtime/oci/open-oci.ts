import path from "node:path";
import { cgroupLayout } from "../cgroup/cgroup-files.ts";
import { hasHybridCgroups } from "../host/private-mounts.ts";
import type { CellNetwork } from "../network/cell-network.ts";
import type { ReadOnlyBind } from "../container-runtime.ts";
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
  readonly containersMax: number;
  readonly notes: readonly string[];
  readonly onClosed: (hasContainers: boolean) => Promise<void>;
}

// Idmapped layers keep every container's ids apart; a kernel before 5.19 cannot lay an overlay over them.
const idMapKinds: readonly IdMap["kind"][] = ["idmapped", "split"];

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
    const runtime = runtimeOf(candidate, known.idMapKind);
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
  for (const idMapKind of idMapKinds) {
    const runtime = runtimeOf(candidate, idMapKind);
    // Before the probe: its slot must not be one of a living container.
    await runtime.adopt();
    try {
      await probeRuntime(runtime, defaultStack);
      return { runtime, result: { key, idMapKind } };
    } catch (error) {
      errors.push(error);
    }
  }
  const [first] = errors;
  throw new Error(first instanceof Error ? first.message : String(first), { cause: errors });
}

function runtimeOf(candidate: OciCandidate, idMapKind: IdMap["kind"]): OciRuntime {
  const { name, host, network, stacks, binds, containersMax, onClosed } = candidate;
  const notes =
    idMapKind === "idmapped"
      ? candidate.notes
      : [
          ...candidate.notes,
          "user vcap is user 2000 of this machine: the kernel cannot idmap layers",
        ];
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
      description: {
        kind: name,
        renamesLayers: true,
        enforced: ["memory", "pids", "cpu", "network"],
        notes: [...notes, "the disk limit is not enforced, only measured"],
        stacks: [...stacks.keys()],
      },
      onClosed,
    },
    host,
  );
}
