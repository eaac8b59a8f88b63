import { ApiError } from "../api/api-error.ts";
import type { CloudController } from "../api/cloud-controller.ts";
import { applyManifest, diffManifest } from "../api/manifests.ts";
import { Failure } from "../failure.ts";
import { manifestDiffLines } from "../manifest/diff-lines.ts";
import { manifestYaml, type Manifest } from "../manifest/manifest.ts";
import type { Session } from "../session.ts";
import { showManifestDiff } from "../ui/show-manifest-diff.ts";
import { completeJob, JobFailed } from "./job-completion.ts";

/** Shows what a manifest would change, where there is one, and applies it. */
export async function applySpaceManifest(
  session: Session,
  cc: CloudController,
  manifests: {
    readonly applied: Manifest;
    readonly final: Manifest;
    /** As the user gave it; by default the manifest's whole path. */
    readonly givenPath: string | undefined;
    readonly redactEnv: boolean;
  },
): Promise<void> {
  const { ui, config } = session;
  const { applied, final, redactEnv } = manifests;
  const spaceGuid = config.space?.guid ?? "";
  if (final.file !== undefined) {
    ui.text(`Applying manifest file ${manifests.givenPath ?? final.file}...`);
    await showDiff(session, cc, { yaml: manifestYaml(final), spaceGuid, redactEnv });
  }
  try {
    await completeJob(cc, await applyManifest(cc, spaceGuid, manifestYaml(applied)), session);
  } catch (error) {
    if (error instanceof JobFailed) throw new Failure(error.detail, { cause: error });
    throw error;
  }
  if (final.file !== undefined) ui.text("Manifest applied");
}

async function showDiff(
  { ui }: Session,
  cc: CloudController,
  options: { readonly yaml: string; readonly spaceGuid: string; readonly redactEnv: boolean },
): Promise<void> {
  const { yaml, spaceGuid, redactEnv } = options;
  try {
    const changes = await diffManifest(cc, spaceGuid, yaml);
    ui.newline();
    ui.text("Updating with these attributes...");
    showManifestDiff(ui, manifestDiffLines(yaml, changes, { redactEnv }));
  } catch (error) {
    if (!(error instanceof ApiError) || !error.isUnexpected) throw error;
    ui.warning("Unable to generate diff. Continuing to apply manifest...");
  }
}
