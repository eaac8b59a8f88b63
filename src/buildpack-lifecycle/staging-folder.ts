// For tests: stages apps with the bundled builder itself, in a folder of its own instead of a container.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
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
    this.#searchPath = `${path.dirname(process.execPath)}:${systemPath}`;
  }

  static async create(): Promise<StagingFolder> {
    const folder = new StagingFolder(await mkdtemp(path.join(os.tmpdir(), "rivera-staging-")));
    const bundle = await bundleLifecycle({
      cacheDir: path.join(os.tmpdir(), "rivera-lifecycle-bundle"),
    });
    await mkdir(folder.lifecycle);
    await folder.run("tar", ["-xzf", bundle.path, "-C", folder.lifecycle]);
    // The platform's Node is mounted in containers only.
    await rm(path.join(folder.lifecycle, "node"));
    await symlink(process.execPath, path.join(folder.lifecycle, "node"));
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

  async buildpackFolder(key: string, source: string): Promise<void> {
    await cp(source, this.path("buildpacks", xxhash64(key)), { recursive: true });
  }

  async stage({ order, skipDetect = false, env = {} }: StageOptions): Promise<Staged> {
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
    };
    const args = Object.entries(flags).map(([name, value]) => `-${name}=${value}`);
    const script = 'exec 3>"$1"; shift; exec "$@"';
    const end = await this.run(
      "/bin/bash",
      ["-c", script, "stage", traceFile, path.join(this.lifecycle, "builder"), ...args],
      { RIVERA_TRACE_FD: "3", CF_STACK: "cflinuxfs4", ...env },
    );
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
  ): Promise<CommandEnd> {
    return run(path.join(this.lifecycle, "launcher"), ["app", command, ""], {
      cwd: home,
      env: { PATH: this.#searchPath, LANG: "C.UTF-8", ...env },
    });
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
