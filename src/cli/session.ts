import type { Clock } from "#kernel/clock/clock.ts";
import type { CloudController } from "./api/cloud-controller.ts";
import type { ExchangeObserver, HttpTransport } from "./api/http-transport.ts";
import type { LogCache } from "./api/log-cache.ts";
import type { TokenSource } from "./api/token-source.ts";
import type { ClientConfig } from "./config/client-config.ts";
import type { Environment } from "./environment.ts";
import { Failure } from "./failure.ts";
import { Prompts } from "./ui/prompts.ts";
import type { Ui } from "./ui/ui.ts";
import { clientVersion } from "./version.ts";

export interface SessionOptions {
  readonly ui: Ui;
  readonly config: ClientConfig;
  readonly clock: Clock;
  readonly environment: Environment;
  readonly workingFolder: string;
  /** Aborts when the user ends the command. */
  readonly signal: AbortSignal;
  readonly observer?: ExchangeObserver;
}

/** One run of one command: who runs it, against what, and the clients it opens, made when first used. */
export class Session implements Disposable {
  readonly ui: Ui;
  readonly prompts: Prompts;
  readonly config: ClientConfig;
  readonly clock: Clock;
  readonly environment: Environment;
  readonly workingFolder: string;
  readonly signal: AbortSignal;
  readonly #observer: ExchangeObserver | undefined;
  readonly #transports: HttpTransport[] = [];

  constructor(options: SessionOptions) {
    this.ui = options.ui;
    this.prompts = new Prompts(options.ui);
    this.config = options.config;
    this.clock = options.clock;
    this.environment = options.environment;
    this.workingFolder = options.workingFolder;
    this.signal = options.signal;
    this.#observer = options.observer;
  }

  readonly warn = (warning: string): void => this.ui.warning(warning);

  get userAgent(): string {
    return `rivera/${clientVersion} (node${process.versions.node}; ${process.arch} ${process.platform})`;
  }

  async transport(skipSslValidation = this.config.values.SSLDisabled): Promise<HttpTransport> {
    const { HttpTransport: Transport } = await import("./api/http-transport.ts");
    const transport = new Transport({
      skipSslValidation,
      environment: this.environment,
      clock: this.clock,
      signal: this.signal,
      ...(this.#observer === undefined ? {} : { observer: this.#observer }),
    });
    this.#transports.push(transport);
    return transport;
  }

  async tokens(transport?: HttpTransport): Promise<TokenSource> {
    const { TokenSource: Source } = await import("./api/token-source.ts");
    return new Source(this.config, transport ?? (await this.transport()), this.clock);
  }

  async cloudController(): Promise<CloudController> {
    const { CloudController: Client } = await import("./api/cloud-controller.ts");
    const transport = await this.transport();
    const tokens = await this.tokens(transport);
    if (this.config.values.Target === "") throw noTarget();
    return new Client({
      transport,
      target: this.config.values.Target.replace(/\/+$/, ""),
      userAgent: this.userAgent,
      accessToken: async () => await tokens.accessToken(),
      warn: this.warn,
    });
  }

  async logCache(): Promise<LogCache> {
    const { LogCache: Client } = await import("./api/log-cache.ts");
    const transport = await this.transport();
    const tokens = await this.tokens(transport);
    return new Client({
      transport,
      url: this.config.values.LogCacheEndPoint,
      accessToken: async () => await tokens.accessToken(),
    });
  }

  [Symbol.dispose](): void {
    for (const transport of this.#transports) transport[Symbol.dispose]();
  }
}

function noTarget(): Failure {
  return new Failure(
    "No API endpoint set. Use 'rivera login' or 'rivera api' to target an endpoint.",
  );
}
