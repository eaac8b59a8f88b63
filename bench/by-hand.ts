import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

const buildpacks = path.resolve(import.meta.dirname, "../buildpacks");
const toolchain = path.resolve(import.meta.dirname, "../node_modules/.bin");
const environment = {
  ...process.env,
  PATH: `${toolchain}:${process.env["PATH"] ?? ""}`,
  CF_STACK: "cflinuxfs4",
};

/** Milliseconds. */
export interface ByHand {
  /** The buildpack's scripts alone: detect, supply, finalize. */
  readonly scriptsMs: number;
  /** All that a push does for the app: copy the files, run the scripts, pack the droplet, unpack it, start it, answer. */
  readonly totalMs: number;
}

/** What a person without a platform would do on the same files, with the same tools and nothing around them. */
export async function byHand(options: {
  readonly buildpack: string;
  readonly folder: string;
  /** A folder that stays between runs, as the platform's buildpack cache does. */
  readonly cache: string;
  /** Starts the app; it listens on PORT. */
  readonly startCommand: string;
}): Promise<ByHand> {
  const work = mkdtempSync(path.join(tmpdir(), "rivera-by-hand-"));
  const build = path.join(work, "app");
  const deps = path.join(work, "deps");
  const profile = path.join(work, "profile.d");
  const started = performance.now();
  cpSync(options.folder, build, { recursive: true });
  for (const directory of [path.join(deps, "0"), profile, options.cache]) {
    mkdirSync(directory, { recursive: true });
  }
  const bin = path.join(buildpacks, options.buildpack, "bin");
  const copied = performance.now();
  run(path.join(bin, "detect"), [build]);
  run(path.join(bin, "supply"), [build, options.cache, deps, "0"]);
  run(path.join(bin, "finalize"), [build, options.cache, deps, "0", profile]);
  const scriptsMs = performance.now() - copied;
  const droplet = path.join(work, "droplet.tgz");
  run("tar", ["-czf", droplet, "-C", work, "app", "deps", "profile.d"]);
  const home = path.join(work, "home");
  mkdirSync(home);
  run("tar", ["-xzf", droplet, "-C", home]);
  await untilListening(options.startCommand, path.join(home, "app"));
  const totalMs = performance.now() - started;
  rmSync(work, { recursive: true, force: true });
  return { scriptsMs, totalMs };
}

function run(command: string, args: readonly string[]): void {
  const result = spawnSync(command, args, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  if (result.status !== 0) {
    throw new Error(`${command} ended with ${result.status}: ${result.stderr.toString()}`);
  }
}

async function untilListening(command: string, cwd: string): Promise<void> {
  const port = await freePort();
  const app = spawn("bash", ["-c", command], {
    cwd,
    env: { ...environment, PORT: String(port) },
    stdio: "ignore",
    detached: true,
  });
  const { pid } = app;
  if (pid === undefined) throw new Error(`Cannot start "${command}"`);
  const ended = once(app, "exit");
  try {
    while (!(await accepts(port))) {
      if (app.exitCode !== null) throw new Error(`"${command}" ended with ${app.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  } finally {
    // The group: the shell, npm and the app.
    process.kill(-pid, "SIGKILL");
    await ended;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("No free port");
  return address.port;
}

function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  return new Promise((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  }).finally(() => socket.destroy()) as Promise<boolean>;
}
