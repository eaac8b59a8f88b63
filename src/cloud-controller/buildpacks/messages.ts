import { z } from "zod";
import { numeric } from "../http/numeric.ts";
import { maximumInteger } from "../http/parse-message.ts";
import { metadataSchema } from "../metadata/metadata.ts";

const name = z
  .string()
  .min(1, { error: "can't be blank" })
  .max(250)
  .regex(/^[-\w]+$/);
const stack = z.string().max(250).nullish();
const position = numeric(z.int().min(1).max(maximumInteger));

export const buildpackCreateMessage = z.strictObject({
  name: z
    .string({
      error: ({ input }) =>
        input === undefined
          ? "must be a string\ncan't be blank\nis invalid"
          : "must be a string\nis invalid",
    })
    .pipe(name),
  stack,
  position: position.nullish(),
  enabled: z.boolean().nullish(),
  locked: z.boolean().nullish(),
  lifecycle: z
    .enum(["buildpack", "cnb"], { error: 'must be either "buildpack" or "cnb"' })
    .nullish(),
  metadata: metadataSchema.optional(),
});

export type BuildpackCreateMessage = z.infer<typeof buildpackCreateMessage>;

export const buildpackUpdateMessage = z.strictObject({
  name: name.nullish(),
  stack,
  position: position.optional(),
  enabled: z.boolean().optional(),
  locked: z.boolean().optional(),
  metadata: metadataSchema.optional(),
});

export type BuildpackUpdateMessage = z.infer<typeof buildpackUpdateMessage>;
