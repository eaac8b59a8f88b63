import { z } from "zod";
import type { CloudController } from "./cloud-controller.ts";
import { jobOf, type JobUrl } from "./jobs.ts";

const diffSchema = z.object({
  diff: z
    .array(
      z.object({
        op: z.enum(["add", "replace", "remove"]),
        path: z.string(),
        value: z.unknown(),
        was: z.unknown(),
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
  const answer = await cc.call("POST", `/v3/spaces/${spaceGuid}/manifest_diff`, {
    body: yaml,
    contentType,
  });
  return diffSchema.parse(JSON.parse(answer.body.toString("utf8"))).diff;
}

export async function applyManifest(
  cc: CloudController,
  spaceGuid: string,
  yaml: string,
): Promise<JobUrl | undefined> {
  const path = `/v3/spaces/${spaceGuid}/actions/apply_manifest`;
  return jobOf(await cc.call("POST", path, { body: yaml, contentType }));
}
