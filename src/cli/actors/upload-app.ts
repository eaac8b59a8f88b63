import { mkdtemp, rm } from "node:fs/promises";
import { createReadStream } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { CloudController } from "../api/cloud-controller.ts";
import { createBitsPackage, getPackage, uploadBits, type Package } from "../api/packages.ts";
import { matchResources, type MatchableResource } from "../api/resource-matches.ts";
import { packageArchive } from "../app-files/app-archive.ts";
import type { AppFile, AppSource } from "../app-files/app-file.ts";
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
  { appGuid, source }: { readonly appGuid: string; readonly source: AppSource },
): Promise<string> {
  const matched = await matchFiles(cc, source.files);
  const held = new Set(matched.map(({ checksum }) => checksum.value));
  const missing = source.files.filter((file) => file.size === 0 || !held.has(file.sha1));
  if (session.ui.isErrTerminal) session.ui.warning(matchLine(source.files, missing));
  const { guid } = await createBitsPackage(cc, appGuid);
  const uploaded =
    missing.length === 0
      ? await sendNothing(session, cc, { guid, matched })
      : await sendFiles(session, cc, { guid, matched, source, missing });
  return await waitUntilReady(session, cc, uploaded);
}

async function matchFiles(
  cc: CloudController,
  files: readonly AppFile[],
): Promise<MatchableResource[]> {
  const resources = files
    .filter(({ size }) => size > 0)
    .map(({ path: name, mode, sha1, size }) => ({
      path: name,
      mode: mode.toString(8),
      checksum: { value: sha1 },
      size_in_bytes: size,
    }));
  return resources.length === 0 ? [] : await matchResources(cc, resources);
}

interface Upload {
  readonly guid: string;
  readonly matched: readonly MatchableResource[];
}

async function sendNothing({ ui }: Session, cc: CloudController, upload: Upload): Promise<Package> {
  ui.text("All files found in remote cache; nothing to upload.");
  ui.text("Waiting for API to complete processing files...");
  return await uploadBits(cc, upload.guid, { resources: upload.matched, bits: undefined });
}

async function sendFiles(
  session: Session,
  cc: CloudController,
  upload: Upload & { readonly source: AppSource; readonly missing: readonly AppFile[] },
): Promise<Package> {
  const { guid, matched, source, missing } = upload;
  const { ui } = session;
  ui.text("Packaging files to upload...");
  const folder = await mkdtemp(path.join(tmpdir(), "rivera-push-"));
  try {
    const file = path.join(folder, "package.zip");
    const length = await packFiles(file, source, missing);
    ui.text("Uploading files...");
    const bits = withProgress(session, { length, open: () => createReadStream(file) });
    const uploaded = await uploadBits(cc, guid, { resources: matched, bits });
    ui.newline();
    ui.text("Waiting for API to complete processing files...");
    return uploaded;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

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
