import type { KeepRequest } from "#diego/models/keep-request.ts";
import type { LogIngest } from "#log-cache/client.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import type { GuidSource } from "#kernel/guid.ts";
import { inThisContext } from "#kernel/log/log-context.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type {
  Container,
  ContainerRuntime,
  ContainerTerminal,
} from "../runtime/container-runtime.ts";
import type {
  Allocation,
  ContainerOutcome,
  ContainerStage,
  ExecutorContainer,
  RunRequest,
} from "./container.ts";
import { containerSpec, prepareContainer, type Preparation } from "./container-preparation.ts";
import {
  advance,
  failedOutcome,
  outcomeOf,
  stoppedOutcome,
  successfulOutcome,
} from "./container-stage.ts";
import { ScriptSnapshots } from "./kept/script-snapshots.ts";
import { shellAfter } from "./kept/shell-after.ts";
import type { DependencyStore } from "./downloads/dependency-store.ts";
import type { Downloader } from "./downloads/downloader.ts";
import type { Uploader } from "./downloads/uploader.ts";
import { createLogStreamer, type InstanceLog } from "./logs/log-streamer.ts";
import { ObservationSender } from "./observation/observation-sender.ts";
import { unobserved, type Observer } from "./observation/observer.ts";
import { environmentIn, netInfoOf } from "./container-environment.ts";
import type { ProcessEnvironment } from "./process-environment.ts";
import { actionHasBegun, containerProgram } from "./program.ts";
import { readResultFile } from "./result-file.ts";
import { developerText, StepCancelled, StepFailure } from "./steps/step.ts";

/** What the containers of a cell share. */
export interface CellParts {
  readonly cellId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly guids: GuidSource;
  readonly runtime: ContainerRuntime;
  readonly logs: LogIngest;
  readonly downloader: Downloader;
  readonly uploader: Uploader;
  readonly dependencies: DependencyStore;
  readonly gracefulShutdownMs: number;
  readonly drainMs: number;
  /** Whether a container that has failed may be kept. */
  readonly keepsFailed: boolean;
  /** Resolves once kept containers that give way to others are gone. */
  roomMade(): Promise<void>;
  onChange(container: ManagedContainer): void;
}

/** Of a terminal, in characters. */
export interface Window {
  readonly columns: number;
  readonly rows: number;
}

/** One container from its reservation to its destruction. */
export class ManagedContainer {
  readonly allocation: Allocation;
  readonly reservedAt: Date;
  readonly #parts: CellParts;
  readonly #logger: Logger;
  readonly #stopping = new AbortController();
  #stage: ContainerStage = { state: "reserved" };
  #request: RunRequest | undefined;
  #logs: InstanceLog | undefined;
  #observer: Observer = unobserved;
  #container: Container | undefined;
  #snapshots: ScriptSnapshots | undefined;
  #routable = true;
  #mayBeKept: boolean;
  #hasSaidAll = false;
  /** To be said once, at the end. */
  #closingLine = "";
  #life: Promise<void> = Promise.resolve();
  #destroying: Promise<void> | undefined;
  #draining: Promise<void> | undefined;
  /** Its end is logged for whoever has asked for it, else for whoever had it started. */
  #tellEnd = (outcome: ContainerOutcome): void => this.complete(outcome);

  constructor(allocation: Allocation, parts: CellParts) {
    this.allocation = allocation;
    this.reservedAt = parts.clock.now();
    this.#parts = parts;
    this.#mayBeKept = parts.keepsFailed;
    this.#logger = parts.logger.child("container", { guid: allocation.guid });
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
    return this.#logs?.bytesLogged ?? 0;
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
    if (this.#container !== undefined) this.#say("stopping instance");
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
    return stage.state === "completed" ? this.#keepRequestAfter(stage.outcome) : undefined;
  }

  #keepRequestAfter({ failed, stopped }: ContainerOutcome): KeepRequest | undefined {
    const mayStay = failed && !stopped && !this.#stopping.signal.aborted;
    if (!mayStay || !this.#mayBeKept || this.#container === undefined) return undefined;
    return this.#request?.keep;
  }

  /** Where it can go on. */
  get snapshots(): ScriptSnapshots | undefined {
    return this.#snapshots;
  }

  /** What is told of it, and what it says in the log, ends here; it is destroyed later, when others write there. */
  async endObservation(): Promise<void> {
    this.#hasSaidAll = true;
    await this.#observer.close();
  }

  /** A shell with the environment of its program. */
  openTerminal({ columns, rows }: Window, dir: string): ContainerTerminal {
    const container = this.#container;
    const action = this.#request?.action;
    if (container === undefined || action === undefined) throw new Error("Nothing has run in it");
    return container.openTerminal({
      ...shellAfter(action, this.#environment(container)),
      dir,
      columns,
      rows,
    });
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
      this.#say("destroying container for instance");
      await this.#container.destroy();
      this.#say("successfully destroyed container for instance");
    }
    await this.#observer.close();
  }

  #accept(request: RunRequest): void {
    const { definition } = request;
    const { owner } = this.allocation;
    const currentTags = () => this.#request?.metricTags ?? request.metricTags;
    this.#request = request;
    this.#routable = (request.checkDefinition?.readinessChecks.length ?? 0) === 0;
    if (request.observation !== undefined) {
      const { url, closingLine } = request.observation;
      this.#closingLine = closingLine;
      this.#observer = new ObservationSender({ ...this.#parts, logger: this.#logger, url });
      this.#observer.ended({ name: "place", subject: this.#parts.cellId }, this.reservedAt);
    }
    this.#logs = createLogStreamer(
      {
        sourceId: definition.logGuid,
        instanceId: owner.kind === "lrp" ? String(owner.key.index) : "0",
        get tags() {
          return currentTags();
        },
        sourceType: definition.logSource,
        rateLimitBytesPerSecond: definition.logRateLimitBytesPerSecond,
      },
      { ...this.#parts, observer: this.#observer },
    );
  }

  /** Never rejects: whatever happens becomes the outcome. */
  async #live(work: () => Promise<ContainerOutcome>): Promise<void> {
    let outcome: ContainerOutcome;
    try {
      outcome = await work();
    } catch (error) {
      outcome = this.#outcomeOf(error);
      await this.#quieten(outcome);
      this.#sayKept(outcome);
      await this.#handOver();
    }
    this.#tellEnd(this.#stopping.signal.aborted ? { ...outcome, stopped: true } : outcome);
  }

  /** Whoever hears of the end may ask for the log. */
  async #handOver(): Promise<void> {
    this.#logs?.source("").say("OUT", this.#closingLine);
    this.#closingLine = "";
    await this.#observer.flush();
  }

  #sayKept(outcome: ContainerOutcome): void {
    const keep = this.#keepRequestAfter(outcome);
    if (keep === undefined) return;
    const { script } = this.#snapshots?.list().at(-1) ?? {};
    const retry = script === undefined ? "" : (keep.retryLine ?? "").replace("{script}", script);
    for (const line of [keep.line, retry]) this.#logs?.source("").say("OUT", line);
  }

  /** Before it is kept: what a script has left behind, or what hung in it, goes on in no kept container. */
  async #quieten(outcome: ContainerOutcome): Promise<void> {
    if (this.#keepRequestAfter(outcome) === undefined) return;
    try {
      await this.#container?.endProcesses();
    } catch (error) {
      this.#logger.error("container-not-kept", { error });
      this.#mayBeKept = false;
    }
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
    const { signal } = this.#stopping;
    const logs = this.#streamer();
    this.#say("creating container for instance");
    const preparation = await prepareContainer(
      {
        dependencies: this.#parts.dependencies,
        logs,
        logger: this.#logger,
        renamesLayers: this.#parts.runtime.description.renamesLayers,
        toolchains: this.#parts.runtime.description.toolchains,
        observer: this.#observer,
      },
      request,
      signal,
    );
    const spec = containerSpec(this.allocation, request, preparation);
    await this.#parts.roomMade();
    try {
      this.#container = await this.#observer.span({ name: "container", subject: spec.stack }, () =>
        this.#parts.runtime.create(spec, signal),
      );
    } catch (error) {
      signal.throwIfAborted();
      this.#logger.error("container-not-created", { error });
      const text = error instanceof Error ? error.message : String(error);
      logs.source("").say("ERR", this.#sentence("failed to create container for instance"));
      throw new StepFailure(`failed to create container: ${text}`, { cause: error });
    }
    this.#say("successfully created container for instance");
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
    if (this.#mayBeKept && request.keep !== undefined && container.snapshots !== undefined) {
      const { snapshots } = container;
      this.#snapshots = new ScriptSnapshots({ snapshots, logger: this.#logger });
    }
    const program = containerProgram(
      {
        ...this.#parts,
        layers: this.#parts.dependencies,
        container,
        logger: this.#logger,
        logs: this.#streamer(),
        environment: this.#environment(container),
        layered,
        observer: this.#observer,
        snapshots: this.#snapshots,
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
    const [result] = await Promise.all([readResultFile(container, request), this.#handOver()]);
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

  #streamer(): InstanceLog {
    if (this.#logs === undefined) throw new Error("The container has been given nothing to run");
    return this.#logs;
  }

  #say(what: string): void {
    if (this.#hasSaidAll) return;
    this.#logs?.source("").say("OUT", this.#sentence(what));
  }

  #sentence(what: string): string {
    return `Cell ${this.#parts.cellId} ${what} ${this.allocation.guid}`;
  }
}
