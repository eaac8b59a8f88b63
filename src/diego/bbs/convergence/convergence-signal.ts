/**
 * Through this, what makes convergence worth running now asks for it: a cell that came or went, an instance that ended
 * while it is desired. Diego waits for the next periodic pass in all of these. The reason is for operators only; a pass
 * takes no input but the facts.
 */
export class ConvergenceSignal {
  #listener: (reason: string) => void = () => undefined;

  listen(listener: (reason: string) => void): void {
    this.#listener = listener;
  }

  ask(reason: string): void {
    this.#listener(reason);
  }
}
