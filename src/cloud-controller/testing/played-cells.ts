import type { ActualLrp } from "#diego/models/actual-lrp.ts";
import { systemClock } from "#kernel/clock/system-clock.ts";
import type { FakeBbs } from "./fake-bbs.ts";

export type PlayedState = "RUNNING" | "RUNNING, not ready" | "CLAIMED" | "CRASHED";

/** Lets what the BBS wants to run, run; a test says how each LRP fares. */
export class PlayedCells {
  readonly #bbs: FakeBbs;

  constructor(bbs: FakeBbs) {
    this.#bbs = bbs;
  }

  /** Brings the instances of every LRP to what is desired, new ones in that state, and tells of each change. */
  catchUp(state: PlayedState = "RUNNING"): void {
    const { actual, desired } = this.#bbs;
    const gone = actual.filter(
      ({ key }) => key.index >= (desired.get(key.processGuid)?.instances ?? 0),
    );
    for (const lrp of gone) {
      actual.splice(actual.indexOf(lrp), 1);
      this.#bbs.emit({ kind: "actual_lrp_instance_removed", actualLrp: lrp });
    }
    for (const { processGuid, instances } of desired.values()) {
      for (let index = 0; index < instances; index += 1) {
        const has = actual.some(
          ({ key }) => key.processGuid === processGuid && key.index === index,
        );
        if (!has) this.#put(playedLrp(processGuid, index, state));
      }
    }
  }

  /** All instances of one LRP. */
  become(processGuid: string, state: PlayedState): void {
    const { actual } = this.#bbs;
    for (const before of actual.filter(({ key }) => key.processGuid === processGuid)) {
      const after = playedLrp(processGuid, before.key.index, state);
      actual[actual.indexOf(before)] = after;
      this.#bbs.emit({ kind: "actual_lrp_instance_changed", before, after });
    }
  }

  #put(lrp: ActualLrp): void {
    this.#bbs.actual.push(lrp);
    this.#bbs.emit({ kind: "actual_lrp_instance_created", actualLrp: lrp });
  }
}

function playedLrp(processGuid: string, index: number, state: PlayedState): ActualLrp {
  const common = {
    key: { processGuid, index, domain: "cf-apps" },
    crashCount: 0,
    crashReason: "",
    since: systemClock.now(),
    modificationTag: { epoch: "e", index: 0 },
    presence: "ORDINARY" as const,
  };
  const instanceKey = { instanceGuid: `${processGuid}-${index}`, cellId: "cell-1" };
  if (state === "CRASHED") return { ...common, state, crashCount: 3 };
  if (state === "CLAIMED") return { ...common, state, instanceKey };
  return {
    ...common,
    state: "RUNNING",
    instanceKey,
    netInfo: {
      address: "10.0.0.1",
      instanceAddress: "10.1.0.1",
      ports: [{ containerPort: 8080, hostPort: 61_001 }],
      preferredAddress: "HOST",
    },
    metricTags: {},
    routable: state === "RUNNING",
  };
}
