/** Gives each of `count` steps a callback of its own; once all have called theirs, `ready` is called. */
export function whenAllReady(count: number, ready: () => void): (at: number) => () => void {
  const waiting = new Set(Array.from({ length: count }, (_, at) => at));
  return (at) => () => {
    if (waiting.delete(at) && waiting.size === 0) ready();
  };
}
