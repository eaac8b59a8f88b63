import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { tarHeader, tarPadding, tarTrailer } from "#kernel/archive/tar-header.ts";
import { randomGuids } from "#kernel/guid.ts";
import type {
  Container,
  ContainerProcess,
  ContainerRuntime,
  ContainerSpec,
  ProcessSpec,
} from "../container-runtime.ts";

export function containerSpec(): ContainerSpec {
  return {
    handle: `contract-${randomGuids()}`,
    stack: "cflinuxfs4",
    layers: [],
    binds: [],
    limits: { memoryBytes: 128 * 1024 ** 2, pids: 100, cpuShares: 102, diskBytes: 512 * 1024 ** 2 },
    egress: true,
    properties: {},
  };
}

export async function createContainer(
  runtime: ContainerRuntime,
  changes: Partial<ContainerSpec> = {},
): Promise<Container> {
  return runtime.create({ ...containerSpec(), ...changes });
}

export function shell(script: string): ProcessSpec {
  return {
    id: randomGuids(),
    path: "/bin/sh",
    args: ["-c", script],
    env: [],
    dir: "",
    user: "vcap",
  };
}

/** Everything a process wrote, and how it ended. */
export async function outcome(
  process: ContainerProcess,
): Promise<[stdout: string, stderr: string, exit: Awaited<ContainerProcess["exited"]>]> {
  return Promise.all([text(process.stdout), text(process.stderr), process.exited]);
}

/** Waits for the first bytes and puts them back. */
export async function firstOutput(process: ContainerProcess): Promise<void> {
  await new Promise<void>((resolve) => process.stdout.once("readable", () => resolve()));
}

export function tarOf(name: string, content: Buffer, mode: number): Readable {
  const header = tarHeader({ name, type: "0", mode, size: content.length, modified: 0 });
  return Readable.from([header, content, tarPadding(content.length), tarTrailer]);
}
