/** A new epoch supersedes any other; within one, the higher index. */
export interface ModificationTag {
  readonly epoch: string;
  readonly index: number;
}

export function incremented(tag: ModificationTag): ModificationTag {
  return { epoch: tag.epoch, index: tag.index + 1 };
}

/** Whether what carries `tag` tells something newer than what carries `known`: what a consumer of events asks. */
export function succeeds(tag: ModificationTag, known: ModificationTag): boolean {
  return tag.epoch !== known.epoch || tag.index > known.index;
}

export function sameTag(a: ModificationTag, b: ModificationTag): boolean {
  return a.epoch === b.epoch && a.index === b.index;
}
