import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { ReadOnlyBind } from "./container-runtime.ts";

type RuntimeChoice = "auto" | "crun" | "runc" | "process";

export interface ContainerRuntimeConfig {
  /** A folder of this cell alone; made if it is missing. Living containers are found again by it. */
  readonly dataDir: string;
  /**
   * 0 to 15: which range of addresses and user ids the cell would like. Another one is taken where a platform with
   * another data folder holds it.
   */
  readonly cellIndex: number;
  readonly containersMax: number;
  readonly runtime: RuntimeChoice;
  /** Present in every container: the Node that runs the lifecycle. The destination may not lie below `/usr`. */
  readonly assets: readonly ReadOnlyBind[];
  /** A toolchain's name -> its folder; mounted where a container is asked to have it. */
  readonly toolchains: Readonly<Record<string, string>>;
  /** PATH of a process whose environment has none. */
  readonly path: string;
  /** The name of a stack -> the folder of an imported root file system. `cflinuxfs4` is always there. */
  readonly stacks: Readonly<Record<string, string>>;
  /** Certificates in PEM, laid over `/etc/ssl/certs/ca-certificates.crt`; default: a copy of the host's. */
  readonly caBundle?: string;
  /** IPv4 addresses; default: those of the host. */
  readonly dnsServers?: readonly string[];
  /**
   * What containers may reach though it lies in a private network: `ADDRESS`, `ADDRESS/BITS`, `HOST:PORT`. The host's
   * own proxy or package registry.
   */
  readonly allowEgressTo: readonly string[];
}

export interface ContainerRuntimeDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
}
