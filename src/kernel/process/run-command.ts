import { spawn } from "node:child_process";

export interface RunCommandOptions {
  readonly cwd?: string;
  /** The whole environment of the child; default: PATH alone. Nothing of ours leaks. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
  /** Aborting kills the child with SIGKILL. */
  readonly signal?: AbortSignal;
  /** Milliseconds after which the child is killed; default 60,000. */
  readonly timeoutMs?: number;
  /** Bytes of each output stream that are kept; default 1 MiB. The rest is dropped. */
  readonly maxOutputBytes?: number;
}

export interface CommandResult {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command without a shell and waits for its end, whatever its status. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: RunCommandOptions = {},
): Promise<CommandResult> {
  const limit = options.maxOutputBytes ?? 1024 * 1024;
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? { PATH: defaultPath },
    // Without input /dev/null: a bash whose standard input is a socket takes itself for a remote shell and runs ~/.bashrc.
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    timeout: options.timeoutMs ?? 60_000,
    killSignal: "SIGKILL",
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const stdout = collect(child.stdout, limit);
  const stderr = collect(child.stderr, limit);
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(options.input);
  const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(
    (resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, killedBy) => resolve([code, killedBy]));
      // What a killed command has started may live on and hold its output open: that is not waited for.
      child.once("exit", (_code, killedBy) => {
        if (killedBy === null) return;
        child.stdout?.destroy();
        child.stderr?.destroy();
      });
    },
  );
  return { status, signal, stdout: stdout(), stderr: stderr() };
}

/** Runs a command and gives its standard output; throws `CommandFailed` unless it exits with 0. */
export async function runChecked(
  command: string,
  args: readonly string[],
  options: RunCommandOptions = {},
): Promise<string> {
  const result = await runCommand(command, args, options);
  if (result.status !== 0) throw new CommandFailed(command, args, result);
  return result.stdout;
}

export class CommandFailed extends Error {
  readonly result: CommandResult;
  constructor(command: string, args: readonly string[], result: CommandResult) {
    const how = result.signal === null ? `exit status ${result.status}` : `signal ${result.signal}`;
    super(
      `Cannot run "${command} ${args.join(" ")}": ${how}: ${result.stderr.trim().slice(0, 1024)}`,
    );
    this.name = "CommandFailed";
    this.result = result;
  }
}

export const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

function collect(stream: NodeJS.ReadableStream | null, limit: number): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on("data", (chunk: Buffer) => {
    if (size >= limit) return;
    chunks.push(chunk.subarray(0, limit - size));
    size += chunk.length;
  });
  return () => Buffer.concat(chunks).toString("utf8");
}
