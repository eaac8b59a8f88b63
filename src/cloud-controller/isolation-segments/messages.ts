import { z } from "zod";
import { guidListMessage } from "../http/guid-list.ts";
import { requiredName } from "../http/resource-name.ts";
import { metadataSchema } from "../metadata/metadata.ts";

const name = requiredName(255)
  .refine((text) => text.trim() !== "", { error: "can't be blank" })
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, {
    error: "Isolation Segment names can only contain non-blank unicode characters",
  });

export const createIsolationSegmentMessage = z.strictObject({
  name,
  metadata: metadataSchema.optional(),
});

export const updateIsolationSegmentMessage = z.strictObject({
  name: name.optional(),
  metadata: metadataSchema.optional(),
});

export const entitleMessage = guidListMessage(
  (guid) => `Data ${JSON.stringify(guid)} not a string`,
);

/** The segment of a space or the default one of an organization; null: none. */
export const assignMessage = z.strictObject({
  data: z
    .record(z.string(), z.unknown(), { error: "Data must be an object" })
    .nullable()
    .optional()
    .transform((data, context) => {
      if (data === undefined || data === null) return data;
      const { guid } = data;
      const report = (message: string) => context.addIssue({ code: "custom", message });
      if (Object.keys(data).length !== 1) report("Data can only accept one key");
      if (!("guid" in data)) report("Data can only accept key 'guid'");
      if (guid === undefined || guid === null) return null;
      if (typeof guid === "string") return { guid };
      report(`Data ${JSON.stringify(guid)} must be a string`);
      return z.NEVER;
    }),
});
