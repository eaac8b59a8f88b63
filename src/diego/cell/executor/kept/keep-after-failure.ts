import type { Logger } from "#kernel/log/logger.ts";
import type { KeepRequest } from "#diego/models/keep-request.ts";
import type { Container } from "../../runtime/container-runtime.ts";
import type { ContainerReport } from "../container-report.ts";
import { ScriptSnapshots } from "./script-snapshots.ts";

/** Of one container: whether it is kept should it fail, and what it does and says of that before its end is told. */
export class KeepAfterFailure {
  readonly #logger: Logger;
  #request: KeepRequest | undefined;
  #snapshots: ScriptSnapshots | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Undefined where nobody has asked for it, the cell keeps none, or it cannot be. */
  get request(): KeepRequest | undefined {
    return this.#request;
  }

  /** Where it can go on. */
  get snapshots(): ScriptSnapshots | undefined {
    return this.#snapshots;
  }

  ask(request: KeepRequest | undefined): void {
    this.#request = request;
  }

  /** Before its program runs: what each script finds is kept from then on, where the runtime can. */
  takeSnapshots({ snapshots }: Container): void {
    if (this.#request === undefined || snapshots === undefined) return;
    this.#snapshots = new ScriptSnapshots({ snapshots, logger: this.#logger });
  }

  /**
   * Ends what a script has left behind, or what hung in it, and says how to look in.
   *
   * @param kept the container while it is to stay: a stop may come meanwhile
   */
  async settle(report: ContainerReport, kept: () => Container | undefined): Promise<void> {
    const container = kept();
    if (container === undefined) return;
    await this.#quieten(container);
    if (kept() !== undefined) this.#sayHowToLook(report);
  }

  async #quieten(container: Container): Promise<void> {
    try {
      await container.endProcesses();
    } catch (error) {
      this.#logger.error("container-not-kept", { error });
      this.#request = undefined;
    }
  }

  #sayHowToLook(report: ContainerReport): void {
    if (this.#request === undefined) return;
    const { line, retryLine = "" } = this.#request;
    const { script } = this.#snapshots?.list().at(-1) ?? {};
    report.say("OUT", line);
    report.say("OUT", script === undefined ? "" : retryLine.replace("{script}", script));
  }
}
