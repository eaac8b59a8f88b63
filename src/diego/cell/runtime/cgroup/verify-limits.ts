import type { ContainerLimits } from "../container-runtime.ts";
import { type CgroupFile, type CgroupLayout, readCgroupFile } from "./cgroup-files.ts";

const pageBytes = 4096;

/**
 * Reads a new container's limits back and names every one that is not what was asked for. A runtime may start a
 * container without them and say nothing (crun without a cgroup manager does), so this is done for each container.
 */
export function limitsNotInForce(
  layout: CgroupLayout,
  cgroup: string,
  limits: ContainerLimits,
): string[] {
  return expectations(layout, limits).flatMap(({ file, accepts, optional }) => {
    const actual = readCgroupFile(layout, cgroup, file);
    if (actual === undefined) return optional ? [] : [`${file} cannot be read`];
    return accepts.includes(actual) ? [] : [`${file} is ${actual}, not ${accepts.join(" or ")}`];
  });
}

interface Expectation {
  readonly file: CgroupFile;
  readonly accepts: readonly string[];
  /** Kernels without swap accounting have no such file, and then no swap to limit. */
  readonly optional: boolean;
}

function expectations(layout: CgroupLayout, limits: ContainerLimits): Expectation[] {
  const expected: Expectation[] = [];
  if (limits.memoryBytes > 0) {
    const memory = String(Math.floor(limits.memoryBytes / pageBytes) * pageBytes);
    expected.push(
      { file: "memoryLimit", accepts: [memory], optional: false },
      { file: "swapLimit", accepts: [layout.version === 2 ? "0" : memory], optional: true },
    );
  }
  if (limits.pids > 0) {
    expected.push({ file: "pidsLimit", accepts: [String(limits.pids)], optional: false });
  }
  if (limits.cpuShares > 0) {
    expected.push({
      file: "cpuShares",
      accepts: layout.version === 2 ? weightsOf(limits.cpuShares) : [String(limits.cpuShares)],
      optional: false,
    });
  }
  return expected;
}

/** The weight of v2 for shares of v1: the linear form of the runtimes until 2025, and the later one. */
function weightsOf(shares: number): string[] {
  const linear = Math.floor(1 + ((shares - 2) * 9999) / 262_142);
  const log = Math.log2(shares);
  const curved = Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
  return [String(linear), String(curved)];
}
