import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "../..");

/** What `DATA/rivera.json` says. */
export interface PlatformAddresses {
  readonly api: string;
  readonly uaa: string;
  readonly logCache: string;
  readonly router: string;
  readonly admin: { readonly username: string; readonly password: string };
  readonly adminClient: { readonly id: string; readonly secret: string };
}

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A whole platform as a user starts it: `bin/rivera up` on a data folder of its own, real runtime, free ports. It can be
 * killed and started again on the same folder.
 */
export class TestPlatform implements AsyncDisposable {
  readonly dataDir: string;
  readonly #args: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  #process: ChildProcess | undefined;
  #output = "";

  private constructor(
    dataDir: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ) {
    this.dataDir = dataDir;
    this.#args = args;
    this.#env = env;
  }

  static async start(
    options: {
      readonly cells?: number;
      readonly flags?: readonly string[];
      /** Beside the test's own environment. */
      readonly env?: Readonly<Record<string, string>>;
      /** Run on the data folder before the first start. */
      readonly prepare?: (platform: TestPlatform) => Promise<void>;
    } = {},
  ): Promise<TestPlatform> {
    const platform = new TestPlatform(
      mkdtempSync(path.join(tmpdir(), "rivera-test-")),
      ["--cells", String(options.cells ?? 1), ...(options.flags ?? [])],
      options.env ?? {},
    );
    try {
      await options.prepare?.(platform);
      await platform.up();
    } catch (error) {
      await platform[Symbol.asyncDispose]();
      throw error;
    }
    return platform;
  }

  /** Starts the platform and waits until it is ready, 60 s at most. */
  async up(): Promise<void> {
    const file = path.join(this.dataDir, "rivera.json");
    rmSync(file, { force: true });
    this.#output = "";
    const child = spawn(
      path.join(root, "bin/rivera"),
      ["up", "--data", this.dataDir, "--port", "0", "--router-port", "0", ...this.#args],
      {
        stdio: ["ignore", "pipe", "pipe"],
        detached: true,
        env: { ...process.env, ...this.#env },
      },
    );
    this.#process = child;
    const collect = (chunk: Buffer) => {
      this.#output += chunk.toString();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    await eventually(
      () => {
        if (child.exitCode !== null) {
          throw new Error(`The platform ended with ${child.exitCode}:\n${this.#output}`);
        }
        return existsSync(file) ? true : undefined;
      },
      { withinMs: 60_000, what: () => `the platform to be ready:\n${this.#output}` },
    );
  }

  get addresses(): PlatformAddresses {
    return JSON.parse(readFileSync(path.join(this.dataDir, "rivera.json"), "utf8"));
  }

  get output(): string {
    return this.#output;
  }

  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error("The platform does not run");
    return pid;
  }

  /** SIGKILL, as a crash or a power cut would. */
  async kill9(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** As Ctrl-C does. */
  async stop(): Promise<void> {
    await this.#end("SIGINT");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
    this.#process = undefined;
  }

  /** Runs our client, with a home of its own in the data folder. */
  async rivera(
    args: readonly string[],
    options: { readonly cwd?: string; readonly home?: string; readonly timeoutMs?: number } = {},
  ): Promise<CliResult> {
    return runCli(path.join(root, "bin/rivera"), args, {
      cwd: options.cwd ?? root,
      env: {
        RIVERA_HOME: options.home ?? path.join(this.dataDir, "home"),
        RIVERA_DATA: this.dataDir,
      },
      timeoutMs: options.timeoutMs ?? 180_000,
    });
  }

  /** GETs a path of an app through the router by its host name. */
  async fetchApp(host: string, requestPath = "/"): Promise<{ status: number; body: string }> {
    const result = await runCli(
      "curl",
      [
        "-sS",
        "-m",
        "20",
        "-w",
        "\n%{http_code}",
        "-H",
        `Host: ${host}`,
        this.addresses.router + requestPath,
      ],
      { cwd: root, env: {}, timeoutMs: 30_000 },
    );
    const cut = result.stdout.lastIndexOf("\n");
    return { status: Number(result.stdout.slice(cut + 1)), body: result.stdout.slice(0, cut) };
  }

  /** Stops the platform and removes its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

export async function runCli(
  command: string,
  args: readonly string[],
  options: {
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
    readonly timeoutMs: number;
    /** All that it may read on its standard input; nothing by default. */
    readonly input?: string;
  },
): Promise<CliResult> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
    timeout: options.timeoutMs,
    killSignal: "SIGKILL",
  });
  // A program that reads nothing may have closed its end already.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [status] = (await once(child, "close")) as [number | null];
  return { status, stdout, stderr };
}

/**
 * Polls a condition over the current state until it gives something, with a bound: the level, never the edge. A check
 * that throws ends the wait at once.
 */
export async function eventually<T>(
  check: () => T | undefined | Promise<T | undefined>,
  options: { readonly withinMs: number; readonly what: () => string },
): Promise<T> {
  const deadline = Date.now() + options.withinMs;
  for (;;) {
    const value = await check();
    if (value !== undefined) return value;
    if (Date.now() > deadline)
      throw new Error(`Waited ${options.withinMs} ms for ${options.what()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
