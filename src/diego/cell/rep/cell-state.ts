import type { AuctionResource, PlacementConstraint, TaskOrigin } from "#diego/auctioneer/client.ts";

export interface CellState {
  readonly cellId: string;
  readonly repUrl: string;
  readonly zone: string;
  readonly preloadedRootFses: readonly string[];
  readonly availableResources: CellResources;
  readonly totalResources: CellResources;
  readonly lrps: readonly CellLrp[];
  readonly tasks: readonly CellTask[];
  readonly startingContainerCount: number;
  readonly evacuating: boolean;
  readonly placementTags: readonly string[];
  readonly optionalPlacementTags: readonly string[];
}

export interface CellResources {
  readonly memoryMb: number;
  readonly diskMb: number;
  readonly containers: number;
}

/** An LRP on a cell, or one to be placed there. */
export interface CellLrp {
  readonly processGuid: string;
  readonly index: number;
  readonly domain: string;
  /** Empty in work that the auctioneer hands out: the rep makes it. */
  readonly instanceGuid: string;
  readonly resource: AuctionResource;
  readonly placementConstraint: PlacementConstraint;
  /** As a task's. */
  readonly requestId?: string | undefined;
}

export interface CellTask {
  readonly taskGuid: string;
  readonly domain: string;
  readonly resource: AuctionResource;
  readonly placementConstraint: PlacementConstraint;
  /** Known where the auctioneer places it; cells do not tell it. */
  readonly origin?: TaskOrigin | undefined;
  /** In work: of the request that asked for it. One handing out may serve several. */
  readonly requestId?: string | undefined;
}

export interface Work {
  readonly cellId: string;
  readonly lrps: readonly CellLrp[];
  readonly tasks: readonly CellTask[];
}
