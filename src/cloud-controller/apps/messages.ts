import { z } from "zod";
import { toOneRelationship } from "../http/parse-message.ts";
import { resourceName } from "../http/resource-name.ts";
import { metadataSchema } from "../metadata/metadata.ts";
import { initialVariables } from "./environment-variables.ts";

const stack = z
  .string({ error: "Lifecycle Stack must be a string" })
  .min(1, { error: "Lifecycle Stack must be between 1 and 4096 characters" })
  .max(4096, { error: "Lifecycle Stack must be between 1 and 4096 characters" })
  .nullable();
const buildpacks = z
  .array(
    z
      .string({ error: "Lifecycle Buildpacks can only contain strings" })
      .min(1, { error: "Lifecycle Buildpacks entries must be between 1 and 4096 characters" })
      .max(4096, { error: "Lifecycle Buildpacks entries must be between 1 and 4096 characters" }),
    { error: "Lifecycle Buildpacks must be an array" },
  )
  .nullable();

export const lifecycleMessage = z.strictObject(
  {
    type: z
      .enum(["buildpack", "docker", "cnb"], {
        error: "Lifecycle type is not included in the list: buildpack, docker, cnb",
      })
      .optional(),
    data: z.strictObject(
      {
        buildpacks: buildpacks.optional(),
        stack: stack.optional(),
        credentials: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
      },
      { error: "Lifecycle data must be an object" },
    ),
  },
  { error: "must be an object" },
);

export type LifecycleMessage = z.infer<typeof lifecycleMessage>;

export const createAppMessage = z.strictObject({
  name: resourceName,
  relationships: z.strictObject(
    { space: toOneRelationship("space") },
    { error: "'relationships' is not an object" },
  ),
  environment_variables: initialVariables.optional(),
  lifecycle: lifecycleMessage.optional(),
  metadata: metadataSchema.optional(),
});

export const updateAppMessage = z.strictObject({
  name: resourceName.optional(),
  lifecycle: lifecycleMessage.optional(),
  metadata: metadataSchema.optional(),
});

export type UpdateApp = z.infer<typeof updateAppMessage>;

export const currentDropletMessage = z.strictObject({
  data: z
    .strictObject(
      { guid: z.string().min(1).max(200) },
      { error: 'must be structured like this: {"data": {"guid": "valid-guid"}}' },
    )
    .nullable(),
});
