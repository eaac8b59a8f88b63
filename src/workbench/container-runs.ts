import type {
  Allocation,
  ContainerOutcome,
  ContainerStage,
  ExecutorContainer,
  RunRequest,
} from "#diego/cell/executor/container.ts";
import { fits, type Capacity } from "#diego/cell/executor/capacity.ts";
import { Executor } from "#diego/cell/executor/executor.ts";
import type { Logger } from "#kernel/log/logger.ts";

type ExecutorConfig = ConstructorParameters<typeof Executor>[0];
type ExecutorDependencies = Omit<ConstructorParameters<typeof Executor>[1], "onChange">;

/** An executor without a rep: whoever asks for a container waits for its end here, not at a bulletin board. */
export class ContainerRuns implements AsyncDisposable {
  readonly #executor: Executor;
  readonly #logger: Logger;
  readonly #removals = new Set<Promise<void>>();
  readonly #watchers = new Map<string, (stage: ContainerStage) => void>();

  private constructor(config: ExecutorConfig, dependencies: ExecutorDependencies) {
    this.#logger = dependencies.logger;
    this.#executor = new Executor(config, {
      ...dependencies,
      onChange: (guid) => {
        const container = this.#executor.get(guid);
        if (container !== undefined) this.#watchers.get(guid)?.(container.stage);
      },
    });
  }

  /** What a killed run has left on the machine is gone when this returns. */
  static async open(
    config: ExecutorConfig,
    dependencies: ExecutorDependencies,
  ): Promise<ContainerRuns> {
    const runs = new ContainerRuns(config, dependencies);
    const left: readonly ExecutorContainer[] = await runs.#executor.recover();
    await Promise.all(left.map(({ guid }) => runs.#executor.destroy(guid)));
    return runs;
  }

  get capacity(): Capacity {
    return this.#executor.total;
  }

  /**
   * From its place to the end of its program; it is removed from the machine afterwards, in the background. Aborted, it is
   * stopped as an app is, and its outcome says so.
   */
  async run(
    work: { readonly allocation: Allocation; readonly request: RunRequest },
    options: {
      readonly signal: AbortSignal;
      readonly onStage?: (stage: ContainerStage) => void;
    },
  ): Promise<ContainerOutcome> {
    const { allocation, request } = work;
    const { guid } = allocation;
    const refused = await this.#refusal(allocation);
    if (refused !== undefined) return refused;
    const { promise, resolve } = Promise.withResolvers<ContainerOutcome>();
    this.#watchers.set(guid, (stage) => {
      options.onStage?.(stage);
      if (stage.state === "completed") resolve(stage.outcome);
    });
    const onAbort = () => this.#executor.stop(guid);
    options.signal.addEventListener("abort", onAbort, { once: true });
    try {
      this.#executor.run(guid, request);
      if (options.signal.aborted) onAbort();
      return await promise;
    } finally {
      options.signal.removeEventListener("abort", onAbort);
      this.#watchers.delete(guid);
      this.#remove(guid);
    }
  }

  #remove(guid: string): void {
    const removal = this.#executor
      .destroy(guid)
      .catch((error: unknown) => this.#logger.error("container-not-removed", { guid, error }))
      .finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#removals);
    await this.#executor[Symbol.asyncDispose]();
  }

  /** In the words of the auction, which a platform holds in its place. */
  async #refusal(allocation: Allocation): Promise<ContainerOutcome | undefined> {
    if (!fits(this.#executor.remaining(), allocation)) await Promise.all(this.#removals);
    const left = this.#executor.remaining();
    if (this.#executor.allocate([allocation]).length === 0) return undefined;
    const lacking = [
      ...(fits({ ...left, memoryMb: allocation.memoryMb }, allocation) ? ["memory"] : []),
      ...(fits({ ...left, diskMb: allocation.diskMb }, allocation) ? ["disk"] : []),
    ];
    return {
      failed: true,
      failureReason: `insufficient resources: ${lacking.join(", ") || "containers"}`,
      stopped: false,
      retryable: true,
      result: "",
    };
  }
}
