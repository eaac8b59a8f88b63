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

/** The next list is made and read while the server is at the one before. */
const requestsAtOnce = 2;
const answerSchema = z.object({ resources: z.array(resourceSchema) });

/** Which of the files the platform already holds, in the order in which they are asked for. */
export async function matchResources(
  cc: CloudController,
  resources: readonly MatchableResource[],
): Promise<MatchableResource[]> {
  const matched: MatchableResource[][] = [];
  let next = 0;
  const ask = async (): Promise<void> => {
    while (next < resources.length) {
      const start = next;
      next += resourcesPerRequest;
      const asked = { resources: resources.slice(start, next) };
      const answer = await cc.post("/v3/resource_matches", asked, answerSchema);
      matched[start / resourcesPerRequest] = answer.resources;
    }
  };
  await Promise.all(Array.from({ length: requestsAtOnce }, ask));
  return matched.flat();
}
