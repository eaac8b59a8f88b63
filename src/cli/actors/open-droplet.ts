import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { getAppByName } from "../api/apps.ts";
import type { CloudController } from "../api/cloud-controller.ts";
import { downloadDroplet, getCurrentDroplet, getDroplet, type Droplet } from "../api/droplets.ts";
import type { DropletContents } from "../droplets/droplet-contents.ts";
import type { DropletSubject } from "../droplets/cyclone-dx.ts";
import { readDroplet } from "../droplets/read-droplet.ts";
import { Failure } from "../failure.ts";
import type { Session } from "../session.ts";
import { guidForm } from "./find-build.ts";
import { requireSpace, requireUser } from "./target-check.ts";

/** A droplet that a user named, wherever it lies, and what was found in it. */
export interface OpenedDroplet {
  readonly subject: DropletSubject;
  readonly contents: DropletContents;
}

/**
 * Reads the droplet of an app, of a guid, or in a file. A file is what has a slash in its name or ends like an archive; a name
 * that is neither such nor a guid is an app's in the target space, and its current droplet is meant.
 */
export async function openDroplet(session: Session, given: string): Promise<OpenedDroplet> {
  if (/[/\\]|\.(?:tgz|tar\.gz|tar)$/.test(given)) return await openFile(session, given);
  const user = requireUser(session.config);
  const cc = await session.cloudController();
  const { subject, droplet } = await findDroplet(session, cc, given);
  const owner = subject.name === droplet.guid ? "" : ` of app ${subject.name}`;
  session.ui.warning(`Reading droplet ${droplet.guid}${owner} as ${user.name}...`);
  if (droplet.image !== undefined && droplet.image !== null) {
    throw new Failure(
      `Droplet ${droplet.guid} is the image '${droplet.image}': it has no archive.`,
    );
  }
  const source = await downloadDroplet(cc, droplet.guid);
  return { subject, contents: await readDroplet(source, given) };
}

async function openFile(session: Session, given: string): Promise<OpenedDroplet> {
  const file = path.resolve(session.workingFolder, given);
  const found = await stat(file).catch((error: unknown) => {
    throw new Failure(`Cannot read '${given}': ${String(error)}`, { cause: error });
  });
  if (!found.isFile()) throw new Failure(`Cannot read '${given}': it is not a file`);
  const source: Readable = createReadStream(file, { signal: session.signal });
  return {
    subject: { name: path.basename(file) },
    contents: await readDroplet(source, given),
  };
}

async function findDroplet(
  { config }: Session,
  cc: CloudController,
  given: string,
): Promise<{ subject: DropletSubject; droplet: Droplet }> {
  if (guidForm.test(given)) {
    const droplet = await getDroplet(cc, given);
    return { subject: subjectOf(given, droplet), droplet };
  }
  const { space } = requireSpace(config);
  const app = await getAppByName(cc, given, space.guid);
  const droplet = await getCurrentDroplet(cc, app.guid);
  if (droplet === undefined) throw new Failure(`App '${given}' has no droplet.`);
  return { subject: subjectOf(given, droplet), droplet };
}

function subjectOf(name: string, { guid, stack, checksum }: Droplet): DropletSubject {
  const sha256 = checksum?.type === "sha256" ? checksum.value : undefined;
  return {
    name,
    guid,
    ...(typeof stack === "string" ? { stack } : {}),
    ...(typeof sha256 === "string" ? { sha256 } : {}),
  };
}
