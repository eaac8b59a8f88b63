import { z } from "zod";
import { metadataSchema } from "../metadata/metadata.ts";

const name = z
  .string()
  .min(1)
  .max(250)
  .regex(/^[-\w]+$/, { error: "can only contain alphanumeric characters" });
const stack = z.string().min(1).max(250).nullish();
const position = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);

export const buildpackCreateMessage = z.strictObject({
  name,
  stack,
  position: position.optional(),
  enabled: z.boolean().optional(),
  locked: z.boolean().optional(),
  lifecycle: z.enum(["buildpack", "cnb"]).optional(),
  metadata: metadataSchema.optional(),
});

export type BuildpackCreateMessage = z.infer<typeof buildpackCreateMessage>;

export const buildpackUpdateMessage = z.strictObject({
  name: name.optional(),
  stack,
  position: position.optional(),
  enabled: z.boolean().optional(),
  locked: z.boolean().optional(),
  metadata: metadataSchema.optional(),
});

export type BuildpackUpdateMessage = z.infer<typeof buildpackUpdateMessage>;
