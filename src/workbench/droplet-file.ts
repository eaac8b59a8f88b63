import { createReadStream } from "node:fs";
import { stat, statfs } from "node:fs/promises";
import type { DropletSidecar } from "#cli/droplets/droplet-contents.ts";
import { DropletSettings, isSettingsFile, settingsBytes } from "#cli/droplets/droplet-settings.ts";
import { readTarEntries, type EntryVisitor } from "#cli/droplets/tar-entries.ts";
import { Failure } from "#cli/failure.ts";
import { formatBytes } from "#kernel/size.ts";

export interface DropletFile {
  /** Start commands by process type. */
  readonly commands: ReadonlyMap<string, string>;
  readonly sidecars: readonly DropletSidecar[];
}

/**
 * What a droplet says of itself: the file alone tells it, wherever it was staged.
 *
 * @throws `Failure` where it is none, or unpacks to more than the disk of `directory` has
 */
export async function readDropletFile(file: string, directory: string): Promise<DropletFile> {
  if ((await stat(file)).isDirectory()) {
    throw new Failure(
      `'${file}' is a folder, and no droplet. Make one of it with: rivera stage '${file}' -o droplet.tgz`,
    );
  }
  const { bavail, bsize } = await statfs(directory);
  const room = bavail * bsize;
  const settings = new DropletSettings();
  let bytes = 0;
  let isDroplet = false;
  await readTarEntries(createReadStream(file), {
    name: file,
    warn: () => undefined,
    visit(entry): EntryVisitor {
      const path = entry.path.replace(/^(?:\.?\/)+/, "");
      isDroplet ||= path === "staging_info.yml" || path.startsWith("app/");
      bytes += entry.size;
      if (bytes > room) {
        throw new Failure(
          `'${file}' unpacks to more than the ${formatBytes(room)} that the disk of '${directory}' has left`,
        );
      }
      if (!isSettingsFile(path) || entry.size > settingsBytes) return { end: () => undefined };
      const chunks: Buffer[] = [];
      return {
        data: (chunk) => void chunks.push(chunk),
        end: () => settings.add(path, Buffer.concat(chunks).toString("utf8")),
      };
    },
  });
  if (!isDroplet) {
    throw new Failure(
      `'${file}' is no droplet: it holds neither staging_info.yml nor a folder 'app'`,
    );
  }
  return settings.read(() => undefined);
}
