import type { ReadOnlyBind, RuntimeDescription } from "../container-runtime.ts";
import { readIfThere } from "../host/read-if-there.ts";
import { NoContainerRuntime } from "../no-container-runtime.ts";
import { ociRuntimeVersion } from "../oci/oci-command.ts";
import { probeRuntime } from "../oci/probe.ts";
import { defaultStack, type Stack } from "../stack/stack-paths.ts";
import type { CellHost } from "../supervised/cell-host.ts";
import { UnlimitedRuntime } from "../unlimited/unlimited-runtime.ts";
import { RootlessMaker } from "./rootless-maker.ts";
import { UserNamespace } from "./user-namespace.ts";

const notes = [
  "without root: the memory, processes, processor time and disk of an app are NOT limited",
  "without root: apps share this machine's network: they reach what it reaches, and their ports are open on it",
  "with sudo all of that is enforced",
];

/**
 * Containers for an ordinary user, proved by a real one.
 * @throws NoContainerRuntime
 */
export async function openRootless(options: {
  readonly host: CellHost;
  readonly stacks: ReadonlyMap<string, Stack>;
  readonly binds: readonly ReadOnlyBind[];
  readonly toolchains: RuntimeDescription["toolchains"];
}): Promise<UnlimitedRuntime> {
  const { host, stacks, binds, toolchains } = options;
  if ((await ociRuntimeVersion("crun")) === undefined) throw await withoutCrun();
  const namespace = await openNamespace(host);
  const runtime = new UnlimitedRuntime(
    {
      maker: new RootlessMaker(host, namespace),
      stacks,
      binds,
      description: {
        kind: "crun",
        enforced: [],
        renamesLayers: false,
        notes,
        stacks: [...stacks.keys()],
        toolchains,
      },
    },
    host,
  );
  try {
    await runtime.adopt();
    await probeRuntime(runtime, defaultStack, { madeBy: "ordinary user", limitsDisk: false });
    return runtime;
  } catch (error) {
    await runtime[Symbol.asyncDispose]();
    throw refusal(`crun: ${messageOf(error)}`, `Start with sudo, or ${otherwise}`);
  }
}

async function withoutCrun(): Promise<NoContainerRuntime> {
  const isRuncThere = (await ociRuntimeVersion("runc")) !== undefined;
  return refusal(
    isRuncThere
      ? "crun is not installed, and runc cannot make the one id of a user that of vcap"
      : "crun is not installed",
    `Install it (sudo apt-get install -y --no-install-recommends crun), start with sudo, or ${otherwise}`,
  );
}

async function openNamespace(host: CellHost): Promise<UserNamespace> {
  try {
    return await UserNamespace.open(host);
  } catch (error) {
    throw refusal(
      `the kernel gives an ordinary user no namespaces (${messageOf(error)})${closedSwitch()}`,
      "Allow them, or start with sudo (--runtime process needs them too)",
    );
  }
}

const otherwise = "choose --runtime process (no isolation)";

function refusal(reason: string, mend: string): NoContainerRuntime {
  return new NoContainerRuntime(`No containers without root here: ${reason}\n${mend}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The kernel's switches that close user namespaces, as Debian and Ubuntu have them. */
const switches: readonly (readonly [file: string, closed: string])[] = [
  ["kernel/apparmor_restrict_unprivileged_userns", "1"],
  ["kernel/unprivileged_userns_clone", "0"],
  ["user/max_user_namespaces", "0"],
];

function closedSwitch(): string {
  for (const [file, closed] of switches) {
    if (readIfThere(`/proc/sys/${file}`)?.trim() !== closed) continue;
    return `: sysctl ${file.replace("/", ".")} is ${closed}`;
  }
  return "";
}
