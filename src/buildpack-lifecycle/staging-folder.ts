// For tests: stages apps with the bundled builder itself, in a folder of its own instead of a container.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  open,
  readFile,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { bundleLifecycle } from "./bundle.ts";
import { xxhash64 } from "./builder/xxhash64.ts";

/** File name, relative, to its text; a text that begins with `#!` makes the file executable. */
export type Files = Readonly<Record<string, string>>;

export interface Staged {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** result.json, undefined when there is none. */
  readonly result: unknown;
  /** The structured lines of the staging's phases. */
  readonly trace: readonly unknown[];
}

export interface StageOptions {
  /** Buildpack keys, in order. */
  readonly order: readonly string[];
  readonly skipDetect?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Another builder program than ours. */
  readonly builder?: string;
  /** The script from which a failed staging goes on in the same folder. */
  readonly resumeFrom?: string;
}

export interface CommandEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const systemPath = "/usr/local/bin:/usr/bin:/bin";

export class StagingFolder implements AsyncDisposable {
  readonly root: string;
  readonly lifecycle: string;
  readonly #searchPath: string;

  private constructor(root: string) {
    this.root = root;
    this.lifecycle = path.join(root, "lifecycle");
    this.#searchPath = `${this.path("toolchain")}:${systemPath}`;
  }

  static async create(): Promise<StagingFolder> {
    const folder = new StagingFolder(await mkdtemp(path.join(os.tmpdir(), "rivera-staging-")));
    const bundle = await bundleLifecycle({
      cacheDir: path.join(os.tmpdir(), "rivera-lifecycle-bundle"),
    });
    // As root, servers such as nginx work as another user; a cell starts them as vcap.
    await chmod(folder.root, 0o755);
    await mkdir(folder.lifecycle);
    await folder.run("tar", ["-xzf", bundle.path, "-C", folder.lifecycle]);
    // The platform's Node, npm and yarn are mounted in containers only.
    await rm(path.join(folder.lifecycle, "node"));
    await symlink(process.execPath, path.join(folder.lifecycle, "node"));
    await mkdir(folder.path("toolchain"));
    await symlink(process.execPath, folder.path("toolchain", "node"));
    for (const name of ["npm", "npx", "yarn"]) {
      await symlink(path.resolve("node_modules", ".bin", name), folder.path("toolchain", name));
    }
    for (const name of ["app", "buildpacks", "tmp", "home"])
      await mkdir(path.join(folder.root, name));
    return folder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }

  path(...names: string[]): string {
    return path.join(this.root, ...names);
  }

  /** Replaces the app's files, as a new upload does. */
  async app(files: Files): Promise<void> {
    await rm(this.path("app"), { recursive: true, force: true });
    await writeFiles(this.path("app"), files);
  }

  async appFolder(source: string): Promise<void> {
    await rm(this.path("app"), { recursive: true, force: true });
    await cp(source, this.path("app"), { recursive: true, verbatimSymlinks: true });
  }

  async buildpack(key: string, files: Files): Promise<void> {
    await writeFiles(this.path("buildpacks", xxhash64(key)), files);
  }

  /** Links the folder in: a buildpack of the platform is read-only, as on a cell. */
  async buildpackFolder(key: string, source: string): Promise<void> {
    await symlink(source, this.path("buildpacks", xxhash64(key)));
  }

  async stage({
    order,
    skipDetect = false,
    env = {},
    builder = path.join(this.lifecycle, "builder"),
    resumeFrom,
  }: StageOptions): Promise<Staged> {
    await rm(this.path("result.json"), { force: true });
    const traceFile = this.path("trace.jsonl");
    const flags = {
      buildDir: this.path("app"),
      buildpackOrder: order.join(","),
      skipDetect: String(skipDetect),
      skipCertVerify: "false",
      outputDroplet: this.path("droplet"),
      outputMetadata: this.path("result.json"),
      outputBuildArtifactsCache: this.path("output-cache"),
      buildpacksDir: this.path("buildpacks"),
      buildpacksDownloadDir: this.path("buildpackdownloads"),
      buildArtifactsCacheDir: this.path("cache"),
      ...(resumeFrom === undefined ? {} : { resumeFrom }),
    };
    const args = Object.entries(flags).map(([name, value]) => `-${name}=${value}`);
    const script = 'exec 3>"$1"; shift; exec "$@"';
    const end = await this.run("/bin/bash", ["-c", script, "stage", traceFile, builder, ...args], {
      RIVERA_TRACE_FD: "3",
      CF_STACK: "cflinuxfs4",
      ...env,
    });
    return {
      status: end.status,
      stdout: end.stdout,
      stderr: end.stderr,
      result: existsSync(this.path("result.json"))
        ? JSON.parse(await readFile(this.path("result.json"), "utf8"))
        : undefined,
      trace: (await readFile(traceFile, "utf8"))
        .split("\n")
        .filter((line) => line !== "")
        .map((line): unknown => JSON.parse(line)),
    };
  }

  /** What the next staging finds in its cache: the archive that this one left. */
  async carryCacheOver(): Promise<void> {
    await rm(this.path("cache"), { recursive: true, force: true });
    await mkdir(this.path("cache"));
    await this.run("tar", ["-xzf", this.path("output-cache"), "-C", this.path("cache")]);
  }

  /** The names in the droplet or the cache archive, sorted. */
  async list(archive: "droplet" | "output-cache"): Promise<string[]> {
    const { stdout } = await this.run("tar", ["-tzf", this.path(archive)]);
    return stdout
      .split("\n")
      .filter((name) => name !== "")
      .sort();
  }

  /** Unpacks the droplet as a cell does, and gives the folder that stands for /home/vcap. */
  async unpackDroplet(): Promise<string> {
    const home = this.path("vcap");
    await rm(home, { recursive: true, force: true });
    await mkdir(home);
    await this.run("tar", ["-xzf", this.path("droplet"), "-C", home]);
    return home;
  }

  /** Starts a command of the droplet with the launcher and waits for its end. */
  async launch(
    home: string,
    command: string,
    env: Readonly<Record<string, string>> = {},
    launcher = path.join(this.lifecycle, "launcher"),
  ): Promise<CommandEnd> {
    return run(launcher, ["app", command, ""], {
      cwd: home,
      env: { PATH: this.#searchPath, LANG: "C.UTF-8", ...env },
    });
  }

  /** Starts a web process of the droplet and waits until it accepts connections. */
  async serve(
    home: string,
    command: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<RunningApp> {
    const port = await freePort();
    // A file and not a pipe of Node's, which is a socket: servers open /dev/stdout anew.
    const log = await open(this.path("app.log"), "a");
    const child = spawn(path.join(this.lifecycle, "launcher"), ["app", command, ""], {
      cwd: home,
      env: { PATH: this.#searchPath, LANG: "C.UTF-8", PORT: String(port), ...env },
      stdio: ["ignore", log.fd, log.fd],
      detached: true,
    });
    await log.close();
    return RunningApp.accepting(child, port, this.path("app.log"));
  }

  /** Runs a command in the staging container's stead: its environment, its working folder. */
  async run(
    command: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<CommandEnd> {
    return run(command, args, {
      cwd: this.root,
      env: {
        PATH: this.#searchPath,
        HOME: this.path("home"),
        TMPDIR: this.path("tmp"),
        LANG: "C.UTF-8",
        ...env,
      },
    });
  }
}

export class RunningApp implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #logFile: string;
  readonly #ended: Promise<unknown>;

  private constructor(child: ChildProcess, port: number, logFile: string) {
    this.url = `http://127.0.0.1:${port}`;
    this.#child = child;
    this.#logFile = logFile;
    this.#ended = once(child, "exit");
  }

  static async accepting(child: ChildProcess, port: number, logFile: string): Promise<RunningApp> {
    const app = new RunningApp(child, port, logFile);
    for (let attempt = 0; attempt < 600 && !app.#hasEnded(); attempt += 1) {
      if (await accepts(port)) return app;
      await once(AbortSignal.timeout(25), "abort");
    }
    await app[Symbol.asyncDispose]();
    throw new Error(`The app never listened on port ${port}: ${await app.output()}`);
  }

  /** Both output streams, so far. */
  async output(): Promise<string> {
    return readFile(this.#logFile, "utf8");
  }

  /** Ends the app with SIGTERM to all of its processes, as a cell does, and gives its exit status. */
  async stop(): Promise<number | null> {
    if (this.#child.pid !== undefined) process.kill(-this.#child.pid, "SIGTERM");
    await this.#ended;
    return this.#child.exitCode;
  }

  /** Sends SIGTERM to the main process alone, as the first step of a graceful stop, and gives the exit status. */
  async stopMainProcess(): Promise<number | null> {
    this.#child.kill("SIGTERM");
    await this.#ended;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded()) await this.stop();
  }

  #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("No port is free");
  return address.port;
}

async function accepts(port: number): Promise<boolean> {
  const socket = net.connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false; // Refused: it does not listen yet.
  } finally {
    socket.destroy();
  }
}

async function writeFiles(directory: string, files: Files): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(directory, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
    if (text.startsWith("#!")) await chmod(file, 0o755);
  }
}

async function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<CommandEnd> {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(
    (resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, killedBy) => resolve([code, killedBy]));
    },
  );
  return { status, signal, ...output };
}
