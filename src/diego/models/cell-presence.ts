/** What a cell says of itself; gone 15 s after its last heartbeat. */
export interface CellPresence {
  readonly cellId: string;
  /** `http://127.0.0.1:PORT`, the rep's API. */
  readonly repUrl: string;
  readonly zone: string;
  readonly capacity: {
    readonly memoryMb: number;
    readonly diskMb: number;
    readonly containers: number;
  };
  /** Stack names that `preloaded:NAME` may name. */
  readonly preloadedRootFses: readonly string[];
  readonly placementTags: readonly string[];
  readonly optionalPlacementTags: readonly string[];
}
