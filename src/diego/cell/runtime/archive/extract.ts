import { spawn, type ChildProcess } from "node:child_process";
import { open, rm, stat, type FileHandle } from "node:fs/promises";
import { zipToTarFile } from "#kernel/archive/zip-to-tar-file.ts";
import { BadArchive } from "#kernel/archive/zip-to-tar.ts";
import { defaultPath, runCommand } from "#kernel/process/run-command.ts";
import { UnsafeArchive } from "../container-runtime.ts";
import { TarGuard, tooLarge } from "./tar-guard.ts";

const chunkBytes = 256 * 1024;
const gunzipTimeoutMs = 600_000;

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
  /** Bytes that its files may take on disk; default 4 GiB. */
  readonly maximumBytes?: number;
}): Promise<number> {
  const { archive, into, below, owner, maximumBytes } = options;
  const id = String(owner);
  const command =
    process.getuid?.() === 0
      ? ["setpriv", "--reuid", id, "--regid", id, "--clear-groups", ...tarCommand]
      : tarCommand;
  const guard = new TarGuard({
    below,
    devices: "refuse",
    ...(maximumBytes === undefined ? {} : { maximumBytes }),
  });
  return extract({ archive, into, command, guard });
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
  const maximumBytes = Number.POSITIVE_INFINITY;
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
  const made = `${into}.tar`;
  try {
    const tar = await asTar(archive, made, guard.maximumBytes);
    await using file = await open(tar);
    await checkTar(file, guard);
    await extractTar(file, into, command);
  } finally {
    await rm(made, { force: true });
  }
  return guard.bytes;
}

/** Path of the archive as a tar that is not compressed, whatever it is; told by its first bytes. Makes it where it is none. */
async function asTar(archive: string, made: string, maximumBytes: number): Promise<string> {
  const head = await firstBytes(archive);
  if (head[0] === 0x1f && head[1] === 0x8b) {
    await gunzip(archive, made, maximumBytes);
    return made;
  }
  if (head[0] !== 0x50 || head[1] !== 0x4b) return archive;
  try {
    await zipToTarFile({ zip: archive, tar: made, links: "any" });
  } catch (error) {
    if (!(error instanceof BadArchive)) throw error;
    throw new UnsafeArchive(`Cannot unpack: ${error.message}`, { cause: error });
  }
  return made;
}

// The first two have several times the speed of the third, which is there where tar is. Whoever sees the limit exceeded
// sees a bomb: what a tar holds beside its files is small.
const gunzipScript = `[ "$3" = 0 ] || ulimit -f "$3"
for program in igzip pigz gzip; do
  command -v $program >/dev/null && exec $program -dc -- "$1" >"$2"
done`;
const ulimitUnitBytes = 512;

async function gunzip(archive: string, made: string, maximumBytes: number): Promise<void> {
  const limit = Number.isFinite(maximumBytes)
    ? Math.ceil((maximumBytes * 1.5) / ulimitUnitBytes)
    : 0;
  const args = ["-c", gunzipScript, "sh", archive, made, String(limit)];
  const { status } = await runCommand("sh", args, { timeoutMs: gunzipTimeoutMs });
  if (status === 0) return;
  const { size } = await stat(made);
  if (limit > 0 && size >= limit * ulimitUnitBytes) throw tooLarge(maximumBytes);
  throw new UnsafeArchive("Cannot unpack: it is no whole gzip archive");
}

/** Reads its headers; the content of a large file is passed over. */
async function checkTar(file: FileHandle, guard: TarGuard): Promise<void> {
  const { size } = await file.stat();
  const chunk = Buffer.allocUnsafe(chunkBytes);
  for (let position = 0; position < size;) {
    const { bytesRead } = await file.read(chunk, 0, chunkBytes, position);
    if (bytesRead === 0) break;
    guard.inspect(chunk.subarray(0, bytesRead));
    const passedOver = Math.min(guard.skippable, size - position - bytesRead);
    guard.skip(passedOver);
    position += bytesRead + passedOver;
  }
  guard.end();
}

async function extractTar(
  file: FileHandle,
  into: string,
  [program = "", ...args]: readonly string[],
): Promise<void> {
  // By its own working folder and an open file: nothing on the way there need be open to another id.
  const tar = spawn(program, args, {
    cwd: into,
    env: { PATH: defaultPath },
    stdio: [file.fd, "ignore", "pipe"],
  });
  let complaint = "";
  tar.stderr?.on("data", (data: Buffer) => {
    if (complaint.length < 1024) complaint += data.toString("utf8");
  });
  const status = await endOf(tar);
  if (status !== 0) throw new UnsafeArchive(`Cannot unpack: tar: ${complaint.trim()}`);
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

/** After its output has been read to the end. */
async function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code));
  });
}
