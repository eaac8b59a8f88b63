import { failureOf, useFollowed, type Following } from "../log/followed.ts";
import { listTar, type ListedFile } from "./tar-listing.ts";

export interface DropletFiles {
  readonly state: "reading" | "complete";
  readonly files: readonly ListedFile[];
  /** Why there is no more of it. */
  readonly failure: Error | undefined;
}

const start: DropletFiles = { state: "reading", files: [], failure: undefined };

/** More are not listed. */
const filesMax = 200_000;

/** The files of a droplet, read from its download as it passes by: nothing of it is kept but names and sizes. */
export function useDropletFiles(guid: string): DropletFiles {
  return useFollowed(guid, start, read);
}

async function read({ api, guid, signal, show }: Following<DropletFiles>): Promise<void> {
  try {
    const body = await api.stream(`v3/droplets/${guid}/download`, signal);
    const files: ListedFile[] = [];
    for await (const file of listTar(body.pipeThrough(new DecompressionStream("gzip")))) {
      if (files.length >= filesMax) throw new Error(`It has more than ${filesMax} files`);
      files.push(file);
    }
    show(() => ({ state: "complete", files, failure: undefined }));
  } catch (error) {
    const failure = failureOf(error);
    show((before) => ({ ...before, failure }));
  }
}
