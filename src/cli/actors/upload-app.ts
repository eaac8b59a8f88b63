import { createReadStream } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { CloudController } from "../api/cloud-controller.ts";
import { createBitsPackage, getPackage, uploadBits, type Package } from "../api/packages.ts";
import type { FileMatcher, Matches } from "../api/resource-matches.ts";
import { packageArchive } from "../app-files/app-archive.ts";
import type { AppFile, AppSource } from "../app-files/app-file.ts";
import { packingFolder } from "../app-files/packing-folder.ts";
import { packageFolder } from "../app-files/package-folder.ts";
import { ZipWriter } from "../app-files/zip-writer.ts";
import { Failure } from "../failure.ts";
import type { Session } from "../session.ts";
import { matchLine, withProgress } from "../ui/progress-bar.ts";
import { pollUntilDone } from "./long-poll.ts";

/** Makes a package of the app's files, sending only those that the platform does not hold. Resolves once it is READY. */
export async function uploadApp(
  session: Session,
  cc: CloudController,
  {
    appGuid,
    source,
    matcher,
  }: {
    readonly appGuid: string;
    readonly source: AppSource;
    /** Has been given the files of `source`. */
    readonly matcher: FileMatcher;
  },
): Promise<string> {
  const matches = await matcher.finish();
  const missing = source.files.filter(({ path: name }) => !matches.held.has(name));
  if (session.ui.isErrTerminal) session.ui.warning(matchLine(source.files, missing));
  const { guid } = await createBitsPackage(cc, appGuid);
  const uploaded =
    missing.length === 0
      ? await sendNothing(session, cc, { guid, matches })
      : await sendFiles(session, cc, { guid, matches, source, missing });
  return await waitUntilReady(session, cc, uploaded);
}

interface Upload {
  readonly guid: string;
  /** What is not sent. */
  readonly matches: Matches;
}

async function sendNothing({ ui }: Session, cc: CloudController, upload: Upload): Promise<Package> {
  ui.text("All files found in remote cache; nothing to upload.");
  ui.text("Waiting for API to complete processing files...");
  return await uploadBits(cc, upload.guid, { matches: upload.matches, bits: undefined });
}

async function sendFiles(
  session: Session,
  cc: CloudController,
  upload: Upload & { readonly source: AppSource; readonly missing: readonly AppFile[] },
): Promise<Package> {
  const { guid, matches, source, missing } = upload;
  const { ui } = session;
  ui.text("Packaging files to upload...");
  await using folder = await packingFolder(session.clock).catch((error: unknown) => {
    throw cannotPack(error);
  });
  const file = path.join(folder.path, "package.zip");
  const length = await packFiles(file, source, missing).catch((error: unknown) => {
    throw cannotPack(error);
  });
  ui.text("Uploading files...");
  const bits = withProgress(session, { length, open: () => createReadStream(file) });
  const uploaded = await uploadBits(cc, guid, { matches, bits });
  ui.newline();
  ui.text("Waiting for API to complete processing files...");
  return uploaded;
}

/** A temporary folder that is full or closed is the user's to mend; what is wrong with the app's files has been said. */
function cannotPack(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (error instanceof Failure || !temporaryFolderFaults.some((fault) => fault === code))
    return error;
  const text = error instanceof Error ? error.message : "";
  return new Failure(
    `Cannot pack the app in the temporary folder '${tmpdir()}', which TMPDIR can move: ${text}`,
    { cause: error },
  );
}

const temporaryFolderFaults = ["ENOSPC", "EDQUOT", "EACCES", "EPERM", "EROFS", "ENOENT", "ENOTDIR"];

async function packFiles(
  file: string,
  source: AppSource,
  missing: readonly AppFile[],
): Promise<number> {
  await using zip = await ZipWriter.create(file);
  if (source.isArchive) await packageArchive(zip, source.root, missing);
  else await packageFolder(zip, source.root, missing);
  return await zip.finish();
}

async function waitUntilReady(
  { clock, signal }: Session,
  cc: CloudController,
  uploaded: Package,
): Promise<string> {
  const isDone = ({ state }: Package) => ["READY", "FAILED", "EXPIRED"].includes(state);
  const processed = isDone(uploaded)
    ? uploaded
    : await pollUntilDone({
        clock,
        signal,
        isDone,
        fetch: async () => await getPackage(cc, uploaded.guid),
        stateOf: ({ state }) => state,
      });
  if (processed.state === "FAILED") {
    const text = "Package failed to process correctly after upload";
    const reason = processed.data?.error ?? "";
    // The official client leaves it at the first line; what is wrong with the files is in the second.
    throw new Failure(reason === "" ? text : `${text}\n${reason}`);
  }
  if (processed.state === "EXPIRED") throw new Failure("Package expired after upload");
  return processed.guid;
}
