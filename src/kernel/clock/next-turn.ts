/** Lets everything that waits have its turn of the event loop; between the pieces of long work. No time passes. */
export async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}
