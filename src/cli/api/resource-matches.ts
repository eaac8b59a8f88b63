import { z } from "zod";
import type { CloudController } from "./cloud-controller.ts";

const resourceSchema = z.object({
  path: z.string(),
  mode: z.string(),
  checksum: z.object({ value: z.string() }),
  size_in_bytes: z.number(),
});

export type MatchableResource = z.infer<typeof resourceSchema>;

const resourcesPerRequest = 5_000;

/** Which of the files the platform already holds. */
export async function matchResources(
  cc: CloudController,
  resources: readonly MatchableResource[],
): Promise<MatchableResource[]> {
  const matched: MatchableResource[] = [];
  for (let start = 0; start < resources.length; start += resourcesPerRequest) {
    const chunk = resources.slice(start, start + resourcesPerRequest);
    const answer = await cc.post(
      "/v3/resource_matches",
      { resources: chunk },
      z.object({ resources: z.array(resourceSchema) }),
    );
    for (const resource of answer.resources) matched.push(resource);
  }
  return matched;
}
