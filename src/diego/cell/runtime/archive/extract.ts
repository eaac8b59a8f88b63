import { open, rm, stat } from "node:fs/promises";
import { zipToTarFile } from "#kernel/archive/zip-to-tar-file.ts";
import { BadArchive } from "#kernel/archive/zip-to-tar.ts";
import type { Spawner } from "#kernel/process/spawner.ts";
import { UnsafeArchive } from "../container-runtime.ts";
import { TarGuard, tooLarge } from "./tar-guard.ts";

const chunkBytes = 256 * 1024;
const timeoutMs = 600_000;

/**
 * Unpacks a tgz, tar or zip into the folder `into`, which belongs to the host id `owner`: as that id and without
 * privileges; an ordinary user has no other id than its own. Gives the bytes on disk. What has been written when it fails is the caller's to remove.
 * @throws UnsafeArchive
 */
export async function extractArchive(options: {
  readonly spawner: Spawner;
  readonly archive: string;
  readonly into: string;
  readonly below: string;
  readonly owner: number;
  /** Bytes that its files may take on disk; default 4 GiB. */
  readonly maximumBytes?: number;
}): Promise<number> {
  const { spawner, archive, into, below, owner, maximumBytes } = options;
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
  return extract({ spawner, archive, into, command, guard });
}

/** Unpacks a root file system with the owners it names. Devices below `dev` are left out: containers get their own. */
export async function extractRootfs(options: {
  readonly spawner: Spawner;
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
  readonly spawner: Spawner;
  readonly archive: string;
  readonly into: string;
  readonly command: readonly string[];
  readonly guard: TarGuard;
}): Promise<number> {
  const { spawner, archive, into, command, guard } = options;
  const made = `${into}.tar`;
  try {
    const tar = await asTar(spawner, { archive, made, maximumBytes: guard.maximumBytes });
    await checkTar(tar, guard);
    await extractTar(spawner, { tar, into, command });
  } finally {
    await rm(made, { force: true });
  }
  return guard.bytes;
}

interface TarToBe {
  readonly archive: string;
  /** Where it is made. */
  readonly made: string;
  readonly maximumBytes: number;
}

/** Path of the archive as a tar that is not compressed, whatever it is; told by its first bytes. Makes it where it is none. */
async function asTar(spawner: Spawner, tarToBe: TarToBe): Promise<string> {
  const { archive, made, maximumBytes } = tarToBe;
  const head = await firstBytes(archive);
  if (head[0] === 0x1f && head[1] === 0x8b) {
    await gunzip(spawner, tarToBe);
    return made;
  }
  if (head[0] !== 0x50 || head[1] !== 0x4b) return archive;
  try {
    await zipToTarFile({ zip: archive, tar: made, links: "any", maximumBytes });
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

async function gunzip(spawner: Spawner, { archive, made, maximumBytes }: TarToBe): Promise<void> {
  const limit = Number.isFinite(maximumBytes)
    ? Math.ceil((maximumBytes * 1.5) / ulimitUnitBytes)
    : 0;
  const args = ["-c", gunzipScript, "sh", archive, made, String(limit)];
  const { status } = await spawner.run("sh", args, { timeoutMs });
  if (status === 0) return;
  const { size } = await stat(made);
  if (limit > 0 && size >= limit * ulimitUnitBytes) throw tooLarge(maximumBytes);
  throw new UnsafeArchive("Cannot unpack: it is no whole gzip archive");
}

/** Reads its headers; the content of a large file is passed over. */
async function checkTar(tar: string, guard: TarGuard): Promise<void> {
  await using file = await open(tar);
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
  spawner: Spawner,
  what: { readonly tar: string; readonly into: string; readonly command: readonly string[] },
): Promise<void> {
  const [program = "", ...args] = what.command;
  // By its own working folder and an open file: nothing on the way there need be open to another id.
  const { status, stderr } = await spawner.run(program, args, {
    cwd: what.into,
    input: { file: what.tar },
    timeoutMs,
  });
  if (status !== 0) {
    throw new UnsafeArchive(`Cannot unpack: tar: ${stderr.trim().slice(0, 1024)}`);
  }
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
