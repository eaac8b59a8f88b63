import { z } from "zod";
import type { CloudController } from "./cloud-controller.ts";

const buildpackSchema = z.object({
  name: z.string(),
  stack: z.string().nullish(),
  state: z.string().nullish(),
  filename: z.string().nullish(),
  enabled: z.boolean(),
  locked: z.boolean(),
  position: z.number(),
  lifecycle: z.string().nullish(),
});

export type Buildpack = z.infer<typeof buildpackSchema>;

export async function listBuildpacks(
  cc: CloudController,
  filter: { readonly labels: string | undefined; readonly lifecycle: string | undefined },
): Promise<Buildpack[]> {
  return await cc.list("/v3/buildpacks", buildpackSchema, {
    label_selector: filter.labels,
    lifecycle: filter.lifecycle,
  });
}
