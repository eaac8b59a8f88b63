import { buffer } from "node:stream/consumers";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Container } from "../../runtime/container-runtime.ts";
import { settlesWithin } from "../waiting.ts";

export interface Folder {
  readonly path: string;
  readonly bytes: number;
}

const limitMs = 5_000;
/**
 * Lists what lies where a user of a container can write, without what is mounted there. Not `du -x`: files of an overlay may
 * seem to be of another file system than their folder.
 */
const listing = `for place in $(cut -d " " -f 5 /proc/self/mountinfo); do
  case "$place" in /tmp/*|/home/*) set -- "$@" "--exclude=$place" ;; esac
done
exec du --block-size=1 --max-depth=4 --threshold=1M "$@" -- /tmp /home/vcap`;

/** What takes the most of the container's disk, counted inside of it, as its user: no path is followed on the host. */
export async function largestFolders(parts: {
  readonly container: Pick<Container, "run">;
  readonly clock: Clock;
}): Promise<Folder[]> {
  const process = await parts.container.run({
    id: "largest-folders",
    path: "/bin/sh",
    args: ["-c", listing],
    env: [],
    dir: "/",
    user: "vcap",
  });
  process.stderr.on("error", () => undefined).resume();
  const output = buffer(process.stdout);
  if (!(await settlesWithin(process.exited, limitMs, parts.clock))) {
    await process.signal("SIGKILL");
    return [];
  }
  return chooseLargest((await output).toString("utf8"));
}

/** The three largest that no folder within them explains; `lines` are du's, bytes and path, a line each. */
export function chooseLargest(lines: string): Folder[] {
  const folders = lines.split("\n").flatMap((line): Folder[] => {
    const match = /^(\d+)\t(\/.{1,500})$/.exec(line);
    return match === null ? [] : [{ bytes: Number(match[1]), path: match[2] ?? "" }];
  });
  const explained = new Set<string>();
  for (const { path, bytes } of folders) {
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      const parent = path.slice(0, at);
      const whole = folders.find((each) => each.path === parent)?.bytes ?? Number.MAX_VALUE;
      if (bytes > whole * 0.8) explained.add(parent);
    }
  }
  return folders
    .filter(({ path }) => !explained.has(path))
    .toSorted((a, b) => b.bytes - a.bytes)
    .slice(0, 3);
}
