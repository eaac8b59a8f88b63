import type { AuctionResource, TaskOrigin } from "./client.ts";

interface OrderedTask {
  readonly resource: AuctionResource;
  readonly origin?: TaskOrigin | undefined;
}

/**
 * The order in which tasks are offered room. An owner's first comes before everybody's second, and what runs of an owner
 * already counts: an organization with fifty pushes does not keep one with a single push waiting. An owner's own stay in
 * the order given. Among equals the larger comes first, as in Diego, and so do all tasks whose owner nobody told.
 */
export function fairOrder<Task extends OrderedTask>(
  tasks: readonly Task[],
  runningOf: ReadonlyMap<string, number>,
): readonly Task[] {
  const turns = new Map(runningOf);
  const withTurns = tasks.map((task) => {
    const owner = task.origin?.owner ?? "";
    if (owner === "") return { task, turn: 0 };
    const turn = turns.get(owner) ?? 0;
    turns.set(owner, turn + 1);
    return { task, turn };
  });
  return withTurns
    .toSorted((a, b) => a.turn - b.turn || b.task.resource.memoryMb - a.task.resource.memoryMb)
    .map(({ task }) => task);
}
