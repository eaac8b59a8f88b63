/**
 * What a slot of a cell means on the host. Sixteen ranges of addresses and user ids share the host, so that cells (and
 * platforms with other data folders) never meet; a container's slot within its cell's range decides the rest.
 */
export interface SlotIdentity {
  readonly slot: number;
  readonly address: string;
  /** First of 65,536 host ids that the container's ids 0 to 65,535 are mapped to. */
  readonly hostIdBase: number;
  /** Name of the host's end of the container's network; at most 15 characters. */
  readonly interfaceName: string;
}

export const rangeCount = 16;
export const slotsPerRange = 1000;
export const containerNetwork = "10.254.0.0/16";
/** One address on every host end: no bridge, no subnet per container. Outside of what slots reach. */
export const gatewayAddress = "10.254.255.1";
export const idsPerContainer = 65_536;
/** Prefixes of interfaces with and without a way to the world; the firewall goes by them. */
export const egressPrefix = "rvo";
export const isolatedPrefix = "rvi";

// Above systemd's dynamic users, /etc/subuid's usual ranges and real users.
const firstHostId = 1_000_000_000;
const addressesPerByte = 250;

export function slotIdentity(range: number, slot: number, egress: boolean): SlotIdentity {
  const third = range * 16 + Math.floor(slot / addressesPerByte);
  const fourth = (slot % addressesPerByte) + 1;
  return {
    slot,
    address: `10.254.${third}.${fourth}`,
    hostIdBase: firstHostId + idsPerContainer * (range * 1024 + slot),
    interfaceName: `${egress ? egressPrefix : isolatedPrefix}${range}-${slot}`,
  };
}

/** Hands out slots in turn, so that an address is used again as late as can be: a stale route must not hit another app. */
export class SlotPool {
  readonly #size: number;
  readonly #used = new Set<number>();
  #next = 0;

  constructor(size: number) {
    this.#size = Math.min(size, slotsPerRange);
  }

  reserve(slot: number): void {
    this.#used.add(slot);
    this.#next = Math.max(this.#next, slot + 1);
  }

  /** Undefined when all are taken. */
  take(): number | undefined {
    for (let tried = 0; tried < this.#size; tried += 1) {
      const slot = (this.#next + tried) % this.#size;
      if (this.#used.has(slot)) continue;
      this.#used.add(slot);
      this.#next = slot + 1;
      return slot;
    }
    return undefined;
  }

  free(slot: number): void {
    this.#used.delete(slot);
  }
}
