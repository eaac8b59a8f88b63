import type {
  AuctioneerClient,
  LrpStartRequest,
  TaskStartRequest,
} from "#diego/auctioneer/client.ts";
import type { DesiredLrpSchedulingInfo } from "#diego/models/desired-lrp.ts";
import type { Task, TaskDefinition } from "#diego/models/task.ts";
import type { BackgroundWork } from "./background-work.ts";

/**
 * Asks the auctioneer for placement without waiting for its answer. Where it cannot be reached, rows stay UNCLAIMED and
 * tasks PENDING, and the next convergence asks again.
 */
export class Auctions {
  readonly #auctioneer: AuctioneerClient;
  readonly #background: BackgroundWork;

  constructor(auctioneer: AuctioneerClient, background: BackgroundWork) {
    this.#auctioneer = auctioneer;
    this.#background = background;
  }

  requestLrps(requests: readonly LrpStartRequest[]): void {
    const wanted = requests.filter(({ indices }) => indices.length > 0);
    if (wanted.length === 0) return;
    this.#background.run("request-lrp-auctions", () => this.#auctioneer.requestLrpAuctions(wanted));
  }

  requestTasks(tasks: readonly Task[]): void {
    if (tasks.length === 0) return;
    this.#background.run("request-task-auctions", () =>
      this.#auctioneer.requestTaskAuctions(tasks.map(taskStartRequest)),
    );
  }
}

/** What an auction must know of an LRP; a DesiredLRP has it and so has its scheduling info. */
type Schedulable = Pick<
  DesiredLrpSchedulingInfo,
  "processGuid" | "domain" | "memoryMb" | "diskMb" | "maxPids" | "placementTags" | "rootFs"
>;

export function lrpStartRequest(lrp: Schedulable, indices: readonly number[]): LrpStartRequest {
  return {
    processGuid: lrp.processGuid,
    domain: lrp.domain,
    indices,
    resource: { memoryMb: lrp.memoryMb, diskMb: lrp.diskMb, maxPids: lrp.maxPids },
    placementConstraint: { placementTags: lrp.placementTags, rootFs: lrp.rootFs },
  };
}

function taskStartRequest({ taskGuid, domain, definition }: Task): TaskStartRequest {
  return {
    taskGuid,
    domain,
    resource: {
      memoryMb: definition.memoryMb,
      diskMb: definition.diskMb,
      maxPids: definition.maxPids,
    },
    placementConstraint: {
      placementTags: definition.placementTags,
      rootFs: definition.rootFs,
    },
    origin: {
      owner: organizationOf(definition.metricTags),
      logGuid: definition.logGuid,
      logSource: definition.logSource,
    },
  };
}

/** Cloud Controller tells it for the metrics' sake; empty where nobody does. */
function organizationOf(tags: TaskDefinition["metricTags"]): string {
  const tag = tags["organization_id"];
  return tag !== undefined && "static" in tag ? tag.static : "";
}
