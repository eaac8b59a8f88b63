/** A new epoch supersedes any other; within one, the higher index. */
export interface ModificationTag {
  readonly epoch: string;
  readonly index: number;
}
