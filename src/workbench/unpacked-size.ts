import { statfs } from "node:fs/promises";
import { openPromise } from "yauzl";
import { Failure } from "#cli/failure.ts";
import { formatBytes } from "#kernel/size.ts";

const mostEntries = 200_000;

/**
 * Looks at the zip's table of contents only: what says there that it is larger than the disk has room for is not begun.
 *
 * @throws `Failure`, also where it is no zip
 */
export async function requireUnpackable(file: string, directory: string): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const zip = await openPromise(file, { autoClose: false }).catch((error: unknown) => {
    throw notAZip(file, error);
  });
  let bytes = 0;
  let entries = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      bytes += entry.uncompressedSize;
      entries += 1;
      if (entries > mostEntries) {
        throw new Failure(`'${file}' has more than ${mostEntries} entries: no buildpack has`);
      }
    }
  } catch (error) {
    throw error instanceof Failure ? error : notAZip(file, error);
  } finally {
    zip.close();
  }
  const room = bavail * bsize;
  if (bytes <= room) return;
  throw new Failure(
    `'${file}' unpacks to ${formatBytes(bytes)}, and the disk of '${directory}' has ${formatBytes(room)} left`,
  );
}

function notAZip(file: string, error: unknown): Failure {
  const text = error instanceof Error ? error.message : String(error);
  return new Failure(`'${file}' is no buildpack: it cannot be read as a zip file (${text})`, {
    cause: error,
  });
}
