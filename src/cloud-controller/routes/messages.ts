import { z } from "zod";
import { numeric } from "../http/numeric.ts";
import { toOneRelationship } from "../http/parse-message.ts";
import { metadataSchema } from "../metadata/metadata.ts";
import { optionFaults, type OptionRules } from "./route-options.ts";

const host = z
  .string()
  .max(63)
  .regex(/^([\w-]*|\*)$/, {
    error: 'must be either "*" or contain only alphanumeric characters, "_", or "-"',
  });

const path = z
  .string()
  .max(128)
  .refine((text) => text === "" || text.startsWith("/"), { error: "must begin with /" })
  .refine((text) => !text.includes("?"), { error: "cannot contain ?" })
  .refine((text) => text !== "/", { error: "cannot be exactly /" });

const port = numeric(
  z
    .int({ error: "is not a number" })
    .min(0, { error: "must be greater than or equal to 0" })
    .max(65_535, { error: "must be less than or equal to 65535" }),
);

/** Checked by hand, as what it may hold depends on a feature flag. */
function routeOptions(rules: OptionRules) {
  return z.unknown().transform((options, context): Readonly<Record<string, unknown>> => {
    if (options === undefined) return {};
    for (const message of optionFaults(options, rules)) {
      context.addIssue({ code: "custom", message });
    }
    return Object(options);
  });
}

function createMessage(rules: OptionRules) {
  return z.strictObject({
    host: host.nullable().optional(),
    path: path.nullable().optional(),
    port: port.nullable().optional(),
    options: routeOptions(rules).optional(),
    relationships: z.strictObject(
      { space: toOneRelationship("space"), domain: toOneRelationship("domain") },
      { error: "'relationships' is not an object" },
    ),
    metadata: metadataSchema.optional(),
  });
}

function updateMessage(rules: OptionRules) {
  return z.strictObject({
    options: routeOptions(rules).optional(),
    metadata: metadataSchema.optional(),
  });
}

const plain = { create: createMessage({ hash: false }), update: updateMessage({ hash: false }) };
const hashing = { create: createMessage({ hash: true }), update: updateMessage({ hash: true }) };

export function routeMessages({ hash }: OptionRules) {
  return hash ? hashing : plain;
}

export const transferMessage = z.strictObject({
  data: z
    .record(z.string(), z.unknown(), { error: "Data can't be blank" })
    .superRefine((data, context) => {
      const { guid } = data;
      const fault = (message: string) => context.addIssue({ code: "custom", message });
      if (Object.keys(data).length !== 1) fault("Data can only accept one key");
      if (!Object.hasOwn(data, "guid")) fault("Data can only accept key 'guid'");
      else if (typeof guid !== "string") fault(`Data ${JSON.stringify(guid)} must be a string`);
      else if (guid === "") fault("Data guid can't be blank");
    })
    .transform(({ guid }) => ({ guid: String(guid) })),
});

export const shareMessage = z.strictObject({
  data: z
    .array(z.unknown(), { error: "Data must be an array" })
    .min(1, { error: "Data can't be blank" })
    .transform((items, context) =>
      items.map((item, index) => {
        const guid: unknown = Object(item).guid;
        if (typeof guid === "string") return guid;
        const message = `Invalid data type: Data[${index}] guid should be a string.`;
        context.addIssue({ code: "custom", message });
        return "";
      }),
    ),
});
