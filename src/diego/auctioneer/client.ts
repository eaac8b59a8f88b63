/** What other components may know of the auctioneer: `POST /v1/lrps` and `POST /v1/tasks`, answered 202 at once. */
export interface AuctioneerClient {
  requestLrpAuctions(requests: readonly LrpStartRequest[]): Promise<void>;
  requestTaskAuctions(requests: readonly TaskStartRequest[]): Promise<void>;
}

export interface AuctionResource {
  readonly memoryMb: number;
  readonly diskMb: number;
  readonly maxPids: number;
}

export interface PlacementConstraint {
  readonly placementTags: readonly string[];
  readonly rootFs: string;
}

export interface LrpStartRequest {
  readonly processGuid: string;
  readonly domain: string;
  readonly indices: readonly number[];
  readonly resource: AuctionResource;
  readonly placementConstraint: PlacementConstraint;
}

export interface TaskStartRequest {
  readonly taskGuid: string;
  readonly domain: string;
  readonly resource: AuctionResource;
  readonly placementConstraint: PlacementConstraint;
}
