import type { KeepRequest } from "#diego/models/keep-request.ts";
import { inThisContext } from "#kernel/log/log-context.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { Container, ContainerTerminal } from "../runtime/container-runtime.ts";
import type { CellParts } from "./cell-parts.ts";
import type {
  Allocation,
  ContainerOutcome,
  ContainerStage,
  ExecutorContainer,
  RunRequest,
} from "./container.ts";
import { createContainer } from "./container-creation.ts";
import { environmentIn, netInfoOf } from "./container-environment.ts";
import type { Preparation } from "./container-preparation.ts";
import { ContainerReport } from "./container-report.ts";
import {
  advance,
  failedOutcome,
  outcomeOf,
  stoppedOutcome,
  successfulOutcome,
} from "./container-stage.ts";
import { KeepAfterFailure } from "./kept/keep-after-failure.ts";
import type { ScriptSnapshots } from "./kept/script-snapshots.ts";
import { shellAfter, type Window } from "./kept/shell-after.ts";
import type { ProcessEnvironment } from "./process-environment.ts";
import { actionHasBegun, containerProgram } from "./program.ts";
import { readResultFile } from "./result-file.ts";
import { developerText, StepCancelled } from "./steps/step.ts";

export interface ContainerParts extends CellParts {
  onChange(container: ManagedContainer): void;
}

/** One container from its reservation to its destruction. */
export class ManagedContainer {
  readonly allocation: Allocation;
  readonly reservedAt: Date;
  readonly #parts: ContainerParts;
  readonly #logger: Logger;
  readonly #report: ContainerReport;
  readonly #keep: KeepAfterFailure;
  readonly #stopping = new AbortController();
  #stage: ContainerStage = { state: "reserved" };
  #request: RunRequest | undefined;
  #container: Container | undefined;
  #routable = true;
  #life: Promise<void> = Promise.resolve();
  #destroying: Promise<void> | undefined;
  #draining: Promise<void> | undefined;
  /** Its end is logged for whoever has asked for it, else for whoever had it started. */
  #tellEnd = (outcome: ContainerOutcome): void => this.complete(outcome);

  constructor(allocation: Allocation, parts: ContainerParts) {
    this.allocation = allocation;
    this.reservedAt = parts.clock.now();
    this.#parts = parts;
    this.#logger = parts.logger.child("container", { guid: allocation.guid });
    this.#report = new ContainerReport(allocation, parts, this.#logger);
    this.#keep = new KeepAfterFailure(this.#logger);
  }

  get stage(): ContainerStage {
    return this.#stage;
  }

  /** Undefined until there is one. */
  get container(): Container | undefined {
    return this.#container;
  }

  get request(): RunRequest | undefined {
    return this.#request;
  }

  /** Of its processes, since it was given what to run or taken over. */
  get bytesLogged(): number {
    return this.#report.bytesLogged;
  }

  snapshot(): ExecutorContainer {
    const metricTags = this.#request?.metricTags ?? {};
    return { ...this.allocation, stage: this.#stage, metricTags };
  }

  /** The tags of its logs and metrics from now on; of one that runs, its owner hears of the change. */
  update(metricTags: RunRequest["metricTags"]): void {
    if (this.#request === undefined) return;
    this.#request = { ...this.#request, metricTags };
    if (this.#stage.state === "running") this.#parts.onChange(this);
  }

  /** From its reservation to the end of its program, in the background; `destroy` waits for it. */
  run(request: RunRequest): void {
    if (this.#stage.state !== "reserved") return;
    this.#accept(request);
    this.#advance({ state: "initializing" });
    this.#life = this.#live(async () => {
      const preparation = await this.#create(request);
      return await this.#runProgram(request, preparation, { setupIsDone: false });
    });
  }

  /** A container that an earlier run of the cell has made. Its processes go on; `resume` follows them. */
  adopt(container: Container): void {
    this.#container = container;
    this.#advance({ state: "created" });
  }

  resume(request: RunRequest): void {
    const container = this.#container;
    if (container === undefined || this.#stage.state !== "created") return;
    this.#accept(request);
    this.#life = this.#live(async () => {
      const setupIsDone = await actionHasBegun(container, request);
      const nothing = { binds: [], layers: [], layered: new Map() };
      return await this.#runProgram(request, nothing, { setupIsDone });
    });
  }

  /**
   * Asks it to end and does not wait. An instance that requests may be on their way to goes on for `drainMs`: its routes
   * go when its end is wished for, so by then no router sends it a new one and the others are answered.
   */
  stop(): void {
    const { clock, drainMs } = this.#parts;
    const mayServe = this.#stage.state === "running" && (this.#request?.ports.length ?? 0) > 0;
    if (!mayServe || drainMs === 0) return this.#end();
    this.#draining ??= clock.sleep(drainMs, this.#stopping.signal).then(
      () => this.#end(),
      () => undefined,
    );
  }

  /** Ends the program: SIGTERM, and SIGKILL when the time is over. */
  #end(): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#container !== undefined) this.#report.saySelf("OUT", "stopping instance");
    this.#tellEnd = inThisContext((outcome) => this.complete(outcome));
    this.#stopping.abort();
    if (this.#request === undefined) this.complete(stoppedOutcome());
  }

  complete(outcome: ContainerOutcome): void {
    this.#advance({ state: "completed", outcome });
  }

  /** Where it has failed and is to be kept for that: what was asked for. */
  get keepRequest(): KeepRequest | undefined {
    const stage = this.#stage;
    const stays = stage.state === "completed" && this.#kept(stage.outcome) !== undefined;
    return stays ? this.#keep.request : undefined;
  }

  /** Where it has ended so that it stays. */
  #kept({ failed, stopped }: ContainerOutcome): Container | undefined {
    const mayStay = failed && !stopped && !this.#stopping.signal.aborted;
    return mayStay && this.#keep.request !== undefined ? this.#container : undefined;
  }

  /** Where it can go on. */
  get snapshots(): ScriptSnapshots | undefined {
    return this.#keep.snapshots;
  }

  /** What is told of it, and what it says in the log, ends here; it is destroyed later, when others write there. */
  async endObservation(): Promise<void> {
    await this.#report.end();
  }

  /** A shell with the environment of its program. */
  openTerminal(window: Window, dir: string): ContainerTerminal {
    const container = this.#container;
    const action = this.#request?.action;
    if (container === undefined || action === undefined) throw new Error("Nothing has run in it");
    const shell = shellAfter(action, this.#environment(container));
    return container.openTerminal({ ...shell, ...window, dir });
  }

  /** Stops it, waits for its end and removes it from the machine. Idempotent; may be tried again after a failure. */
  async destroy(): Promise<void> {
    this.#destroying ??= this.#destroyOnce().catch((error: unknown) => {
      this.#destroying = undefined;
      throw error;
    });
    await this.#destroying;
  }

  async #destroyOnce(): Promise<void> {
    this.#end();
    await this.#draining;
    await this.#life;
    if (this.#container !== undefined) {
      this.#report.saySelf("OUT", "destroying container for instance");
      await this.#container.destroy();
      this.#report.saySelf("OUT", "successfully destroyed container for instance");
    }
    await this.#report.end();
  }

  #accept(request: RunRequest): void {
    this.#request = request;
    this.#routable = (request.checkDefinition?.readinessChecks.length ?? 0) === 0;
    if (this.#parts.keepsFailed) this.#keep.ask(request.keep);
    const currentTags = () => this.#request?.metricTags ?? request.metricTags;
    this.#report.begin(request, this.reservedAt, currentTags);
  }

  /** Never rejects: whatever happens becomes the outcome. */
  async #live(work: () => Promise<ContainerOutcome>): Promise<void> {
    const outcome = await work().catch((error: unknown) => this.#tellFailure(error));
    this.#tellEnd(this.#stopping.signal.aborted ? { ...outcome, stopped: true } : outcome);
  }

  async #tellFailure(error: unknown): Promise<ContainerOutcome> {
    const outcome = this.#outcomeOf(error);
    await this.#keep.settle(this.#report, () => this.#kept(outcome));
    await this.#report.handOver();
    return outcome;
  }

  #outcomeOf(error: unknown): ContainerOutcome {
    if (this.#stopping.signal.aborted || error instanceof StepCancelled) return stoppedOutcome();
    const text = developerText(error);
    if (text === undefined) this.#logger.error("container-failed", { error });
    return failedOutcome(text ?? "the cell could not run the container", {
      retryable: this.#container === undefined,
    });
  }

  async #create(request: RunRequest): Promise<Preparation> {
    const { allocation } = this;
    const { container, preparation } = await createContainer(
      { cell: this.#parts, allocation, report: this.#report, logger: this.#logger },
      request,
      this.#stopping.signal,
    );
    this.#container = container;
    this.#advance({ state: "created" });
    return preparation;
  }

  async #runProgram(
    request: RunRequest,
    { layered }: Preparation,
    options: { readonly setupIsDone: boolean },
  ): Promise<ContainerOutcome> {
    const container = this.#container;
    if (container === undefined) throw new Error("There is no container to run the program in");
    const netInfo = netInfoOf(container, request.ports);
    this.#keep.takeSnapshots(container);
    const program = containerProgram(
      {
        ...this.#parts,
        layers: this.#parts.dependencies,
        container,
        logger: this.#logger,
        logs: this.#report.log,
        environment: this.#environment(container),
        layered,
        observer: this.#report.observer,
        snapshots: this.#keep.snapshots,
        saysExitStatus: true,
        onRunning: () => this.#advance({ state: "running", netInfo, routable: this.#routable }),
        onReadiness: (routable) => {
          this.#routable = routable;
          if (this.#stage.state === "running") {
            this.#advance({ state: "running", netInfo, routable });
          }
        },
      },
      request,
      options,
    );
    await program(this.#stopping.signal, () => undefined);
    const [result] = await Promise.all([
      readResultFile(container, request),
      this.#report.handOver(),
    ]);
    return successfulOutcome(result);
  }

  #environment(container: Container): ProcessEnvironment {
    const { toolchains } = this.#parts.runtime.description;
    return environmentIn(container, this.allocation, this.#request, toolchains);
  }

  #advance(to: ContainerStage): void {
    const before = this.#stage;
    this.#stage = advance(before, to);
    if (this.#stage === before) return;
    const { state } = this.#stage;
    if (state !== before.state) this.#logger.info(`container-${state}`, outcomeOf(this.#stage));
    this.#parts.onChange(this);
  }
}
