import { z } from "zod";
import type { CloudController } from "./cloud-controller.ts";
import { jobOf, type JobUrl } from "./jobs.ts";

const diffSchema = z.object({
  diff: z
    .array(
      z.object({
        op: z.enum(["add", "replace", "remove"]),
        path: z.string(),
        value: z.unknown().optional(),
        was: z.unknown().optional(),
      }),
    )
    .default([]),
});

export type ManifestDiff = z.infer<typeof diffSchema>["diff"];

const contentType = "application/x-yaml";

export async function diffManifest(
  cc: CloudController,
  spaceGuid: string,
  yaml: string,
): Promise<ManifestDiff> {
  const path = `/v3/spaces/${spaceGuid}/manifest_diff`;
  return (await cc.send("POST", path, diffSchema, { body: yaml, contentType })).diff;
}

export async function applyManifest(
  cc: CloudController,
  spaceGuid: string,
  yaml: string,
): Promise<JobUrl | undefined> {
  const path = `/v3/spaces/${spaceGuid}/actions/apply_manifest`;
  return jobOf(await cc.call("POST", path, { body: yaml, contentType }));
}
