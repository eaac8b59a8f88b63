import { whyUnavailable } from "#db/database-error.ts";

const folderFaults: Readonly<Record<string, string>> = {
  EROFS: "its file system is read-only",
  EACCES: "you may not write there",
  EPERM: "you may not write there",
  EEXIST: "it is no folder",
  ENOTDIR: "it lies below something that is no folder",
  // What Node says of a folder that cannot be made on a read-only file system.
  ENOENT: "it cannot be made there",
};

/** What kept the platform from starting, as one line that names the thing and the mend; other errors stay as they are. */
export function explainStart(error: unknown, dataDir: string): unknown {
  const explained = explanationOf(error, dataDir);
  return explained === undefined ? error : new Error(explained, { cause: error });
}

function explanationOf(error: unknown, dataDir: string): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, syscall, path } = systemFields(error);
  const reason = whyUnavailable(error);
  if (code === "ENOSPC" || code === "EDQUOT" || reason?.startsWith("no space") === true) {
    return `Cannot start: no space is left on the disk of "${dataDir}". Free some, or give another folder with --data`;
  }
  if (reason !== undefined) return `Cannot start on "${dataDir}": ${reason}`;
  if (syscall?.startsWith("spawn") === true && code === "ENOENT") {
    return `Cannot start: the program "${path}" is missing. Install it with: npm run setup`;
  }
  if (code === "EADDRINUSE") {
    // Ports are chosen free; between that and the listening another program, or a connection of its own, may take one.
    const where = /\S+:\d+$/.exec(error.message)?.[0] ?? "an address of the platform";
    return `Cannot start: ${where} was taken by another program a moment ago. Start again: what is still taken then is replaced`;
  }
  const fault = code === undefined ? undefined : folderFaults[code];
  if (fault === undefined || path?.startsWith(dataDir) !== true) return undefined;
  return `Cannot use the data folder "${dataDir}": ${fault}. Give another folder with --data`;
}

function systemFields(error: Error): Partial<Record<"code" | "syscall" | "path", string>> {
  const field = (name: "code" | "syscall" | "path") => {
    const value: unknown = Reflect.get(error, name);
    return typeof value === "string" ? { [name]: value } : {};
  };
  return { ...field("code"), ...field("syscall"), ...field("path") };
}
