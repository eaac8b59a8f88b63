import { z } from "zod";
import { relationshipsOf, toOneRelationship } from "../http/parse-message.ts";
import { metadataSchema } from "../metadata/metadata.ts";
import { appName } from "./app-name.ts";
import { initialVariables } from "./environment-variables.ts";

const entryLength = "Lifecycle Buildpacks entries must be between 1 and 4096 characters";
const stackLength = "Lifecycle Stack must be between 1 and 4096 characters";

const stack = z
  .string({ error: "Lifecycle Stack must be a string" })
  .min(1, { error: stackLength })
  .max(4096, { error: stackLength })
  .nullable();
const buildpacks = z
  .array(
    z
      .string({ error: "Lifecycle Buildpacks can only contain strings" })
      .max(4096, { error: entryLength })
      .regex(/\S/, { error: entryLength }),
    { error: "Lifecycle Buildpacks must be an array" },
  )
  .nullable();
const credentials = z
  .record(
    z.string(),
    z.record(z.string(), z.unknown(), {
      error: "Lifecycle Credentials credentials value must be a hash",
    }),
    { error: "Lifecycle Credentials must be an object" },
  )
  .nullable();

/** The lifecycle of an app or of one build. */
export const lifecycleMessage = z.strictObject(
  {
    type: z
      .enum(["buildpack", "docker", "cnb"], {
        error: "Lifecycle type is not included in the list: buildpack, docker, cnb",
      })
      .nullish(),
    data: z.strictObject(
      {
        stack: stack.optional(),
        buildpacks: buildpacks.optional(),
        credentials: credentials.optional(),
      },
      {
        error: (issue) =>
          issue.code === "unrecognized_keys" ? undefined : "Lifecycle data must be an object",
      },
    ),
  },
  {
    error: (issue) =>
      issue.code === "unrecognized_keys" ? undefined : "Lifecycle data must be an object",
  },
);

export type LifecycleMessage = z.infer<typeof lifecycleMessage>;

export const createAppMessage = z.strictObject({
  relationships: relationshipsOf({ space: toOneRelationship("space") }),
  name: appName,
  environment_variables: initialVariables.nullish(),
  lifecycle: lifecycleMessage.optional(),
  metadata: metadataSchema.optional(),
});

export const updateAppMessage = z.strictObject({
  name: appName.nullish(),
  lifecycle: lifecycleMessage.optional(),
  metadata: metadataSchema.optional(),
});

export type UpdateApp = z.infer<typeof updateAppMessage>;

export const currentDropletMessage = z.looseObject({
  data: z.looseObject({ guid: z.string().nullish() }).nullish(),
});
