import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { cgroupLayout } from "../cgroup/cgroup-files.ts";
import { removeEmptyCgroup } from "../cgroup/remove-cgroup.ts";
import {
  hostStateDir,
  leaseRange,
  returnRange,
  shareEgress,
  withHostLock,
} from "../host/range-lease.ts";
import type { ContainerRuntimeConfig } from "../runtime-config.ts";
import { resolveEgressExceptions } from "./egress-exceptions.ts";
import { foreignFirewallNotes } from "./foreign-firewall.ts";
import { closeHostNetwork, openHostNetwork } from "./host-network.ts";
import { hostResolvers } from "./resolvers.ts";

/** What a cell has of the host: a range of addresses and ids, and the host's firewall in place. */
export interface CellNetwork {
  readonly range: number;
  readonly resolvConf: string;
  readonly notes: readonly string[];
  /** Gives the range back; the last cell of the host takes the firewall along. */
  close(): Promise<void>;
}

const uplinksFile = path.join(hostStateDir, "uplinks.json");

export async function openCellNetwork(
  config: Pick<ContainerRuntimeConfig, "cellIndex" | "dnsServers" | "allowEgressTo">,
  dataDir: string,
): Promise<CellNetwork> {
  const dnsServers = config.dnsServers ?? hostResolvers();
  const { exceptions, unusable } = await resolveEgressExceptions(config.allowEgressTo);
  const range = await withHostLock(async () => {
    const leased = leaseRange(dataDir, config.cellIndex);
    const ofAllCells = shareEgress(leased, exceptions);
    const changed = await openHostNetwork({ dnsServers, exceptions: ofAllCells });
    writeUplinks([...readUplinks(), ...changed]);
    return leased;
  });
  const notes = unusable.map((reason) => `containers cannot use what they should reach: ${reason}`);
  notes.push(...(await foreignFirewallNotes()));
  if (dnsServers.length === 0) {
    notes.push("containers resolve no names: this machine has no resolver that they can reach");
  }
  return {
    range,
    resolvConf: dnsServers.map((server) => `nameserver ${server}\n`).join(""),
    notes,
    close: () =>
      withHostLock(async () => {
        if (!returnRange(range)) return;
        await closeHostNetwork(readUplinks());
        writeUplinks([]);
        removeEmptyCgroup(cgroupLayout(), "/rivera");
      }),
  };
}

/** Interfaces that did not forward before we came. */
function readUplinks(): string[] {
  try {
    return z.array(z.string()).parse(JSON.parse(readFileSync(uplinksFile, "utf8")));
  } catch {
    return [];
  }
}

function writeUplinks(names: readonly string[]): void {
  writeFileSync(uplinksFile, JSON.stringify([...new Set(names)]));
}
