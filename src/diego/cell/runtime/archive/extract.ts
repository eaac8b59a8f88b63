import { spawn, type ChildProcess } from "node:child_process";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { BadArchive, zipToTar } from "#kernel/archive/zip-to-tar.ts";
import { defaultPath } from "#kernel/process/run-command.ts";
import { UnsafeArchive } from "../container-runtime.ts";
import { TarGuard } from "./tar-guard.ts";

/**
 * Unpacks a tgz, tar or zip into the folder `into`, which belongs to the host id `owner`: as that id and without
 * privileges; an ordinary user has no other id than its own. Gives the bytes on disk. What has been written when it fails is the caller's to remove.
 * @throws UnsafeArchive
 */
export async function extractArchive(options: {
  readonly archive: string;
  readonly into: string;
  readonly below: string;
  readonly owner: number;
}): Promise<number> {
  const { archive, into, below, owner } = options;
  const id = String(owner);
  const command =
    process.getuid?.() === 0
      ? ["setpriv", "--reuid", id, "--regid", id, "--clear-groups", ...tarCommand]
      : tarCommand;
  return extract({ archive, into, command, guard: new TarGuard({ below, devices: "refuse" }) });
}

/** Unpacks a root file system with the owners it names. Devices below `dev` are left out: containers get their own. */
export async function extractRootfs(options: {
  readonly archive: string;
  readonly into: string;
}): Promise<void> {
  const command = [
    "setpriv",
    "--bounding-set=-all,+chown,+dac_override,+fowner,+fsetid",
    ...tarCommand,
    "--numeric-owner",
    "--exclude=dev/*",
    "--exclude=./dev/*",
  ];
  // The operator's own choice, whatever its size.
  const maximumBytes = Number.MAX_SAFE_INTEGER;
  const guard = new TarGuard({ below: "/", devices: "below-dev", maximumBytes });
  await extract({ ...options, command, guard });
}

// With -i it reads to the end of its input, past the end of the archive: no broken pipe that means nothing.
const tarCommand = ["tar", "-xipf", "-"];

async function extract(options: {
  readonly archive: string;
  readonly into: string;
  readonly command: readonly string[];
  readonly guard: TarGuard;
}): Promise<number> {
  const { archive, into, command, guard } = options;
  const source = await tarStream(archive);
  const [program = "", ...args] = command;
  // By its own working folder: nothing on the way there need be open to another id.
  const tar = spawn(program, args, {
    cwd: into,
    env: { PATH: defaultPath },
    stdio: ["pipe", "ignore", "pipe"],
  });
  const ended = endOf(tar);
  let complaint = "";
  tar.stderr.on("data", (chunk: Buffer) => {
    if (complaint.length < 1024) complaint += chunk.toString("utf8");
  });
  const feedError = await pipeline(source, guard, tar.stdin).then(
    () => undefined,
    (error: unknown) => error,
  );
  const status = await ended;
  if (feedError instanceof UnsafeArchive) throw feedError;
  if (feedError instanceof BadArchive) {
    throw new UnsafeArchive(`Cannot unpack: ${feedError.message}`, { cause: feedError });
  }
  if (status !== 0) throw new UnsafeArchive(`Cannot unpack: tar: ${complaint.trim()}`);
  if (feedError !== undefined) throw new UnsafeArchive("Cannot unpack", { cause: feedError });
  return guard.bytes;
}

/** An archive as a tar that is not compressed, whatever it is; told by its first bytes. */
async function tarStream(archive: string): Promise<Readable> {
  const head = await firstBytes(archive);
  if (head[0] === 0x1f && head[1] === 0x8b) return gunzip(archive);
  if (head[0] === 0x50 && head[1] === 0x4b) return zipToTar(archive, { links: "any" });
  return createReadStream(archive);
}

// Several times the speed of zlib; taken where they are.
const decompressors = ["igzip", "pigz"];

async function gunzip(archive: string): Promise<Readable> {
  for (const program of decompressors) {
    const child = spawn(program, ["-dc", archive], {
      env: { PATH: defaultPath },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const spawned = await new Promise<boolean>((resolve) => {
      child.once("spawn", () => resolve(true));
      child.once("error", () => resolve(false));
    });
    if (!spawned) continue;
    const output = new PassThrough();
    child.stdout.pipe(output, { end: false });
    void endOf(child).then((status) => {
      if (status === 0) output.end();
      else output.destroy(new UnsafeArchive("Cannot unpack: it is no whole gzip archive"));
    });
    output.once("close", () => child.kill("SIGKILL"));
    return output;
  }
  return createReadStream(archive).pipe(createGunzip());
}

async function firstBytes(file: string): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** After its output, too, has been read to the end. */
async function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code));
  });
}
